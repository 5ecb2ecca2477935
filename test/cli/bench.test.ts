import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { BenchReport, FigureReport } from '../../src/cli/bench/report.ts'
import { type Ends, folderWith, spillway } from '../../src/cli/process.test-helper.ts'
import { faultOf } from '../../src/plots/plots.test-helper.ts'
import { cloudLike, llamacppLike, type ServerSpec } from '../../src/sim/server-spec.ts'
import { SimServer } from '../../src/sim/server.ts'
import { listen, realClock } from '../../src/sim/sockets.ts'
import { llama, missing, tiny } from '../e2e/llama.ts'
import { until } from '../e2e/rig.ts'
import { model } from './rig.ts'

const models = [{ name: model, contextTokens: 32_768 }]

/** So many times faster than a real one, so that a test is short. */
const speed = 20

async function listening(t: Ends, spec: ServerSpec): Promise<{ readonly server: SimServer; readonly origin: string }> {
  const server = new SimServer(spec, realClock(speed))
  const { origin, close } = await listen(server)
  t.after(close)
  return { server, origin }
}

interface Rig {
  readonly cwd: string
  readonly home: SimServer
  readonly cloud: SimServer
}

/** A server with four places and one that costs money, in a configuration. */
async function rig(t: Ends, more = ''): Promise<Rig> {
  const home = await listening(t, llamacppLike({ models, engine: { memoryTokens: 1e6, slots: 2 } }))
  const cloud = await listening(t, cloudLike({ name: 'cloud', key: 'sk-sim' }))
  const config = `listen: 127.0.0.1:0
admin: { listen: "127.0.0.1:0" }
queue: { patience: 100ms }
upstreams:
  - { name: gpu-1, kind: llamacpp, url: "${home.origin}" }
  - name: cloud
    kind: openai
    url: "${cloud.origin}"
    api_key: sk-sim
    models: { serve: { "${model}": gpt-5-mini } }
${more}`
  return { cwd: folderWith(t, { 'spillway.yaml': config }), home: home.server, cloud: cloud.server }
}

const skip = await missing()

const quick = ['--seconds', '1', '--max', '4', '--output-tokens', '24']

const figure = ({ scenarios }: BenchReport, scenario: string, id: string): FigureReport =>
  scenarios.find(({ name }) => name === scenario)!.figures.find((one) => one.id === id)!

// Most of each is waiting.
suite('spillway bench', { concurrency: 3 }, () => {
  test('a fleet is measured with the gateway and without, and what costs money is left alone', async (t) => {
    const { cwd, home, cloud } = await rig(t)
    const { code, out, err } = await spillway(t, ['bench', ...quick, '--json', '--out', 'found'], { cwd }).ended
    assert.equal(code, 0, err)
    const report = JSON.parse(out) as BenchReport
    assert.deepEqual(
      report.scenarios.map(({ name, is_whole: isWhole }) => [name, isWhole]),
      [
        ['single', true],
        ['steps', true],
        ['burst', true],
        ['overload', true],
      ],
    )
    const first = figure(report, 'single', 'first_token_p50_ms')
    assert.ok((first.direct as number) > 1 && (first.gateway as number) > 1 && first.ratio! > 0.2)
    assert.ok((figure(report, 'steps', 'tokens_per_second_at_2').direct as number) > 0)
    const shares = ['on_time', 'late', 'unanswered', 'refused', 'failed'].map((fate) =>
      figure(report, 'overload', `${fate}_share`),
    )
    for (const side of ['gateway', 'direct'] as const)
      assert.ok(Math.abs(shares.reduce((sum, share) => sum + (share[side] as number), 0) - 1) < 1e-4)
    assert.equal(figure(report, 'overload', 'failed_share').gateway, 0)
    assert.deepEqual([report.target.gateway, report.target.model, report.target.left_out], ['own', model, ['cloud']])
    assert.deepEqual([cloud.ledger.whole, cloud.ledger.open, home.ledger.open], [0, 0, 0])

    // It said beforehand what it would do, and for how long.
    assert.match(
      err,
      /^Measures llama3\.1:8b, through a gateway of its own by spillway\.yaml and straight from the servers\.$/m,
    )
    assert.match(err, /About \d+ s in all: single \d+ s, steps \d+ s/)
    const page = readFileSync(join(cwd, 'found', 'report.md'), 'utf8')
    assert.match(page, /^spillway bench --seconds 1 .* --seed 1$/m)
    const files = readdirSync(join(cwd, 'found'))
    for (const [, name] of page.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)) {
      assert.ok(files.includes(name!), name)
      assert.equal(faultOf(readFileSync(join(cwd, 'found', name!), 'utf8')), undefined, name)
    }
    assert.deepEqual(JSON.parse(readFileSync(join(cwd, 'found', 'report.json'), 'utf8')), report)
    // Nothing was taken down of it.
    assert.ok(!existsSync(join(cwd, 'data')))
  })

  test('whoever allows so many dollars is told what it may cost, and no more than that is spent', async (t) => {
    const { cwd, cloud } = await rig(t, 'prices: { gpt-5-mini: { input: 1000, output: 1000 } }\n')
    const words = ['bench', ...quick, '--scenario', 'burst', '--seconds', '2', '--paid', '0.7', '--no-direct', '--json']
    const { code, out, err } = await spillway(t, words, { cwd }).ended
    assert.equal(code, 0, err)
    assert.match(
      err,
      /Servers that cost money are asked too: .* about \$\d+\.\d\d\. No more than \$0\.7 is spent there\./,
    )
    const tokens = cloud.ledger.outputTokens
    // One request is some 256 tokens in and 24 out: about 28 cents.
    assert.ok(cloud.ledger.whole >= 1 && cloud.ledger.whole <= 2, `${cloud.ledger.whole} answers, ${tokens} tokens`)
    const report = JSON.parse(out) as BenchReport
    assert.ok((figure(report, 'burst', 'spilled_share').gateway as number) > 0)
  })

  test('Ctrl-C ends it at once, tells what is known, and leaves nothing running', async (t) => {
    const { cwd, home } = await rig(t)
    const running = spillway(t, ['bench', '--seconds', '60', '--scenario', 'single', '--json'], { cwd })
    await until(() => home.ledger.whole > 12, 60_000, 'some pairs are done')
    running.child.kill('SIGINT')
    const { code, out } = await running.ended
    assert.equal(code, 130)
    const report = JSON.parse(out) as BenchReport
    assert.deepEqual([report.is_whole, report.scenarios[0]!.is_whole], [false, false])
    assert.ok(figure(report, 'single', 'first_token_p50_ms').gateway !== null)
    assert.equal(home.ledger.open, 0)
  })

  test('a gateway that runs by the configuration is asked itself, and its key is never told', async (t) => {
    const { cwd } = await rig(t, 'callers: [{ name: me, key: key-of-mine-that-is-long }]\n')
    const serving = spillway(t, ['serve'], { cwd })
    const [, url] = await serving.says(/Spillway listens on (http:\S+)/)
    const config = join(cwd, 'spillway.yaml')
    const written = readFileSync(config, 'utf8').replace('listen: 127.0.0.1:0', `listen: ${new URL(url!).host}`)
    const here = folderWith(t, { 'spillway.yaml': written })
    const refused = await spillway(t, ['bench', ...quick], { cwd: here }).ended
    assert.deepEqual([refused.code, refused.out], [1, ''])
    assert.match(refused.err, /wants a key: --key, or --own/)
    const words = ['bench', ...quick, '--scenario', 'single', '--key', 'key-of-mine-that-is-long', '--out', 'found']
    const { code, out, err } = await spillway(t, words, { cwd: here }).ended
    assert.equal(code, 0, err)
    assert.match(out, /^first token, half within +[\d.]+ \S+ +[\d.]+ \S+ +[\d.]+$/m)
    const { target } = JSON.parse(readFileSync(join(here, 'found', 'report.json'), 'utf8')) as BenchReport
    assert.deepEqual([target.gateway, target.url], ['running', url])
    const files = readdirSync(join(here, 'found')).map((name) => readFileSync(join(here, 'found', name), 'utf8'))
    for (const text of [out, err, ...files]) assert.doesNotMatch(text, /key-of-mine/)

    const only = [
      'bench',
      ...quick,
      '--scenario',
      'single',
      '--url',
      url!,
      '--key',
      'key-of-mine-that-is-long',
      '--model',
      model,
      '--json',
    ]
    const alone = await spillway(t, only, { cwd: here }).ended
    assert.equal(alone.code, 0, alone.err)
    const { gateway, direct } = figure(JSON.parse(alone.out) as BenchReport, 'single', 'first_token_p50_ms')
    assert.ok((gateway as number) > 0 && direct === null)
  })

  test('a gateway that has other servers is left alone, and one of its own is asked', async (t) => {
    const [{ cwd: theirs }, { cwd: ours }] = await Promise.all([rig(t), rig(t)])
    const serving = spillway(t, ['serve'], { cwd: theirs })
    const [, url, admin] = await serving.says(/Spillway listens on (http:\S+) \(admin (http:[^)]+)\)/)
    const config = readFileSync(join(ours, 'spillway.yaml'), 'utf8')
      .replace('listen: 127.0.0.1:0', `listen: ${new URL(url!).host}`)
      .replace('"127.0.0.1:0"', `"${new URL(admin!).host}"`)
    const cwd = folderWith(t, { 'spillway.yaml': config })
    const words = ['bench', ...quick, '--scenario', 'single', '--json']
    const { code, out, err } = await spillway(t, words, { cwd }).ended
    assert.equal(code, 0, err)
    assert.ok(err.includes(`a gateway of its own by spillway.yaml, for that at ${url} has other servers`), err)
    assert.equal((JSON.parse(out) as BenchReport).target.gateway, 'own')
  })

  test('a real llama-server is measured, and nothing of it fails', { skip }, async (t) => {
    const { origin } = await llama(t, tiny)
    const config = [
      'listen: 127.0.0.1:0',
      'admin: { listen: "127.0.0.1:0" }',
      `upstreams: [{ name: llama, kind: llamacpp, url: "${origin}" }]`,
    ].join('\n')
    const cwd = folderWith(t, { 'spillway.yaml': config })
    const words = [
      '--seconds',
      '1',
      '--max',
      '2',
      '--prompt-tokens',
      '128',
      '--output-tokens',
      '32',
      '--scenario',
      'single,steps',
    ]
    const { code, out, err } = await spillway(t, ['bench', ...words, '--json'], { cwd }).ended
    assert.equal(code, 0, err)
    const report = JSON.parse(out) as BenchReport
    assert.equal(report.target.model, 'real')
    for (const { name, notes } of report.scenarios) assert.doesNotMatch(notes.join(' '), /failed/, name)
    for (const id of ['first_token_p50_ms_at_2', 'tokens_per_second_at_2', 'token_ms_at_2']) {
      const { gateway, direct } = figure(report, 'steps', id)
      assert.ok((gateway as number) > 0 && (direct as number) > 0, id)
    }
  })

  test('what cannot be measured is told in a sentence', async (t) => {
    const { cwd } = await rig(t)
    const said = async (...words: string[]): Promise<string> => {
      const { code, err } = await spillway(t, ['bench', ...words], { cwd }).ended
      assert.equal(code, 1, err)
      return err.trim()
    }
    const all = await Promise.all([
      said('--model', 'nobody'),
      said('--url', 'http://127.0.0.1:1'),
      said('--url', 'http://127.0.0.1:1', '--own'),
      said('--scenario', 'everything'),
      said('--out', 'spillway.yaml'),
    ])
    for (const [i, pattern] of [
      /^No server here serves nobody; there are llama3\.1:8b\.$/,
      /^No gateway answers at http:\/\/127\.0\.0\.1:1\.$/,
      /^--url is for a gateway that runs somewhere/,
      /There are single, steps, burst, overload\./,
      /^Nothing can be written into spillway\.yaml \(EEXIST\)\.$/,
    ].entries())
      assert.match(all[i]!, pattern)
  })
})
