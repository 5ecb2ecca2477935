import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { simulateCommand } from '../../src/cli/simulate.ts'
import type { Comparison } from '../../src/planning/compare.ts'

const example = fileURLToPath(new URL('../../docs/guide/examples/afternoon.jsonl', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'spillway-'))
after(() => rmSync(folder, { recursive: true }))

const written = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

/** Not measured, so that nothing has to be fitted. */
const machines = written(
  'machines.yaml',
  'upstreams:\n  workstation: { prefill_tokens_per_second: 900, step_ms: [[1, 38], [4, 66]] }\n',
)

/** The first quarter of an hour or so of it. */
const short = written('short.jsonl', readFileSync(example, 'utf8').split('\n').slice(0, 141).join('\n') + '\n')

interface Said {
  readonly out: string
  readonly err: string
  readonly exitCode: typeof process.exitCode
}

async function said(t: TestContext, ...options: string[]): Promise<Said> {
  const log = t.mock.method(console, 'log', () => {})
  const error = t.mock.method(console, 'error', () => {})
  try {
    await simulateCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => {} })
      .parseAsync(options, { from: 'user' })
  } finally {
    log.mock.restore()
    error.mock.restore()
  }
  const { exitCode } = process
  process.exitCode = undefined
  const text = (calls: readonly { arguments: unknown[] }[]): string =>
    calls.map(({ arguments: words }) => words.join(' ')).join('\n')
  return { out: text(log.mock.calls), err: text(error.mock.calls), exitCode }
}

test('a recording is played with one more server, side by side with what happened, by caller', async (t) => {
  const options = ['--recording', short, '--machines', machines, '--more', 'workstation', '--machine-usd', '4000']
  const { out, exitCode } = await said(t, ...options, '--no-advice')
  assert.equal(exitCode, undefined)
  assert.match(out, /as recorded +simulated as it was +simulated with 1 more workstation/)
  assert.match(out, /^spilled +[\d.]+ % +[\d.]+ % +[\d.]+ %$/m)
  for (const caller of ['chat', 'agents', 'reports']) assert.match(out, new RegExp(`^${caller}, \\d+ requests`, 'm'))
  assert.match(
    out,
    /^With 1 more workstation, spill is .*; a day costs \$[\d.]+ less, which pays \$4,000 in [\d,]+ days\.$/m,
  )
  assert.match(out, /^All this comes from \d+ minutes of requests/m)
  assert.match(out, /^Assumed: .*cloud \(openai\): never measured.*workstation-2 is just like workstation\.$/m)
})

test('--json has the same columns for programs', async (t) => {
  const { out } = await said(
    t,
    '--recording',
    short,
    '--machines',
    machines,
    '--without',
    'cloud',
    '--no-advice',
    '--json',
  )
  const { columns, requests, beganAt, spellMs, differences, verdict, advice } = JSON.parse(out) as Comparison
  assert.deepEqual(
    columns.map(({ id, name }) => [id, name]),
    [
      ['recorded', 'as recorded'],
      ['as-it-was', 'simulated as it was'],
      ['changed', 'simulated with no cloud'],
    ],
  )
  assert.equal(requests, 140)
  assert.equal(new Date(beganAt!).toISOString().slice(0, 13), '2026-11-18T13')
  assert.ok(spellMs > 600_000)
  for (const { all, callers } of columns) {
    assert.equal(all.requests, 140)
    assert.equal(all.answered + all.refused + all.failed + all.left, 140)
    assert.equal(
      Object.values(callers).reduce((sum, one) => sum + one.requests, 0),
      140,
    )
  }
  assert.equal(columns[2]!.all.spilled.requests, 0)
  assert.ok(Array.isArray(differences))
  assert.match(verdict!, /^With no cloud, /)
  assert.deepEqual(advice, [])
})

test('a configuration that is tried may have other budgets, callers and models', async (t) => {
  const file = written(
    'other.yaml',
    `upstreams:
  - { name: workstation, kind: llamacpp, url: "http://127.0.0.1:1", models: { serve: { "llama3.3:70b": "qwen3:32b" } } }
  - { name: cloud, kind: openai, url: "https://api.openai.com", api_key: secret, models: { serve: { "llama3.3:70b": gpt-5 } } }
callers:
  - { name: chat, key: one, priority: interactive, budget: { usd: 0.01, per: day } }
`,
  )
  const options = ['--recording', short, '--machines', machines, '--config', file, '--no-advice', '--json']
  const { out } = await said(t, ...options)
  const { columns, assumed } = JSON.parse(out) as Comparison
  const [, was, tried] = columns
  assert.ok(was!.callers['chat']!.usd > 0.02)
  assert.ok(tried!.callers['chat']!.usd <= 0.01)
  assert.ok(assumed.includes('qwen3:32b on workstation is as fast as what was measured there'))
})

test('a trace is played with other servers as well, without anything that was recorded', async (t) => {
  const trace = fileURLToPath(new URL('traces/azure_llm_2023_conv_first500.csv', import.meta.url))
  const { out } = await said(t, '--trace', trace, '--requests', '120', '--more', 'gpu-server', '--no-advice', '--json')
  const { columns, requests, differences } = JSON.parse(out) as Comparison
  assert.equal(requests, 120)
  assert.deepEqual(
    columns.map(({ name }) => name),
    ['simulated as it is', 'simulated with 1 more gpu-server'],
  )
  assert.equal(differences, undefined)
})

test('what cannot be played is refused in one sentence', async (t) => {
  const head = readFileSync(example, 'utf8').split('\n', 1)[0]!
  const cases: [sentence: RegExp, ...options: string[]][] = [
    [/^There is no recording at .*nowhere \(ENOENT\)\.$/, '--recording', join(folder, 'nowhere')],
    [/is no recording: it does not begin with its settings\.$/, '--recording', machines],
    [
      /is of version 7, and this Spillway reads version 1\.$/,
      '--recording',
      written('v7.jsonl', `${head.replace('"version":1', '"version":7')}\n`),
    ],
    [
      /^There are no requests in the recording, or none of that time\.$/,
      '--recording',
      written('head.jsonl', `${head}\n`),
    ],
    [
      /^There are no requests in the recording, or none of that time\.$/,
      '--recording',
      example,
      '--since',
      '2026-11-19',
    ],
    [/^Since is 12h, 7d, .* not "yesterday"\.$/, '--recording', example, '--since', 'yesterday'],
    [
      /^There is no server called "gpu-9": there are workstation, cloud\.$/,
      '--recording',
      example,
      '--machines',
      machines,
      '--more',
      'gpu-9',
    ],
    [
      /no server would be left\.$/,
      '--recording',
      example,
      '--machines',
      machines,
      '--without',
      'workstation',
      '--without',
      'cloud',
    ],
    [/nothing\.yaml: cannot be read \(ENOENT\)$/, '--recording', example, '--machines', join(folder, 'nothing.yaml')],
    [/nothing\.csv cannot be read \(ENOENT\)\.$/, '--trace', join(folder, 'nothing.csv')],
    [
      /Line 1 of the trace is no request\.$/,
      '--trace',
      written('bad.json', '{ "timestamp": 1,\n'),
      '--more',
      'gpu-server',
    ],
  ]
  for (const [sentence, ...options] of cases) {
    const { err, out, exitCode } = await said(t, ...options)
    assert.match(err, sentence)
    assert.equal(out, '')
    assert.equal(exitCode, 1)
  }
})

test('flags that contradict one another are refused with a reason', async (t) => {
  await assert.rejects(said(t, '--recording', example, '--trace', 'x.csv'), /leave out --trace/)
  await assert.rejects(said(t, '--recording', example, '--requests', '5'), /leave out --requests/)
  await assert.rejects(said(t, '--more', 'gpu-1'), /--recording or --trace FILE/)
  await assert.rejects(said(t, '--recording', example, '--more', '=2'), /NAME=N/)
  await assert.rejects(said(t, '--recording', example, '--more', 'gpu-1=0'), /at least 1/)
  await assert.rejects(said(t, '--since', '1d'), /--recording/)
  await assert.rejects(said(t, '--fit', '--more', 'gpu-1'), /tries nothing/)
  await assert.rejects(said(t, '--recording', example, '--save', 'x.yaml'), /--fit/)
})
