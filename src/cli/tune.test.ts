import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { simServer } from '../sim/sockets.ts'
import { type Ended, folderWith, spillway } from './process.test-helper.ts'
import type { Edited } from '../config/edit.ts'

const models = [{ name: 'm:latest', contextTokens: 8_192 }]

async function server(t: TestContext, kind: 'ollama' | 'vllm' = 'ollama'): Promise<string> {
  const { origin, close } = await simServer(kind, { models, speed: 8, engine: { memoryTokens: 1e6, slots: 2 } })
  t.after(close)
  return origin
}

/** Short enough for a test, and long enough for the shape of it. */
const briefly = ['--seconds', '0.2', '--prompt-tokens', '64', '--output-tokens', '16']

interface Told {
  readonly concurrency: number
  readonly upstream: string
  readonly model: string
  readonly why: string
  readonly steps: readonly { readonly concurrency: number; readonly tokens_per_second: number }[]
  readonly written: Omit<Edited, 'text'> | null
}

const toldIn = ({ out }: Ended): Told => JSON.parse(out) as Told

test('--json is one object on stdout, and how it goes stands on stderr', async (t) => {
  const words = ['tune', '--url', await server(t), '--kind', 'ollama', '--max', '3', '--json', ...briefly]
  const ended = await spillway(t, words).ended
  assert.equal(ended.code, 0, ended.err)
  const { steps, why, ...told } = toldIn(ended)
  assert.deepEqual(Object.keys(told), [
    'concurrency',
    'upstream',
    'model',
    'tokens_per_second',
    'stopped',
    'prompt_tokens',
    'output_tokens',
    'warnings',
    'written',
  ])
  assert.deepEqual([told.upstream, told.model, told.written], ['server', 'm:latest', null])
  assert.deepEqual(
    steps.map(({ concurrency }) => concurrency),
    [1, 2, 3],
  )
  assert.ok(steps.every((step) => step.tokens_per_second > 0))
  assert.match(why, /\.$/)
  assert.match(ended.err, /^Warming up m:latest on server; .*\n1 at once: .* tokens\/s, first token .*\n2 at once: /)
  assert.doesNotMatch(ended.err, /\u001B/)
})

const file = (origin: string): string => `# Ours.
upstreams:
  - name: box # below the desk
    kind: ollama
    url: ${origin}
    concurrency: auto # found out
  - { name: other, kind: ollama, url: "http://127.0.0.1:1" }
admin: { listen: "127.0.0.1:1" }
`

test('people get a table, a curve and a sentence, and --write sets the value and leaves all else as it is', async (t) => {
  const text = file(await server(t))
  const cwd = folderWith(t, { 'spillway.yaml': text })
  const words = ['tune', '--upstream', 'box', '--max', '2', ...briefly]
  const seen = await spillway(t, words, { cwd }).ended
  assert.equal(seen.code, 0, seen.err)
  assert.match(seen.out, /^box, m:latest: prompts of about 64 tokens, answers of about 16\n/)
  assert.match(seen.out, /AT ONCE {2}TOKENS\/S/)
  assert.match(seen.out, /← best/)
  assert.match(seen.out, /[●┊]/)
  const [, found] = /^concurrency: (\d+) gives \d+ tokens\/s/m.exec(seen.out) ?? []
  assert.ok(Number(found) >= 1)
  assert.match(seen.out, /^spillway\.yaml has concurrency: auto there; --write sets it\.$/m)
  assert.equal(readFileSync(join(cwd, 'spillway.yaml'), 'utf8'), text)

  const ended = await spillway(t, [...words, '--write', '--json'], { cwd }).ended
  assert.equal(ended.code, 0, ended.err)
  const { concurrency, written } = toldIn(ended)
  assert.equal(
    readFileSync(join(cwd, 'spillway.yaml'), 'utf8'),
    text.replace('concurrency: auto', `concurrency: ${concurrency}`),
  )
  assert.deepEqual(written, {
    file: 'spillway.yaml',
    line: 6,
    before: '    concurrency: auto # found out',
    after: `    concurrency: ${concurrency} # found out`,
  })
})

test('Ctrl-C ends it at once with what is known so far, and writes nothing', async (t) => {
  const text = file(await server(t))
  const cwd = folderWith(t, { 'spillway.yaml': text })
  const running = spillway(t, ['tune', '--upstream', 'box', '--seconds', '1', '--write'], { cwd })
  let err = ''
  running.child.stderr!.on('data', (said: string) => {
    err += said
    if (/^1 at once: /m.test(err)) running.child.kill('SIGINT')
  })
  const { code, out } = await running.ended
  assert.equal(code, 130)
  assert.match(out, /^concurrency: 1 gives .*\n(?:.*\n)*It was ended before all was tried\.$/m)
  assert.equal(readFileSync(join(cwd, 'spillway.yaml'), 'utf8'), text)
})

test('what is wrong is one sentence, and nothing was asked', async (t) => {
  const origin = await server(t)
  const cwd = folderWith(t, {
    'spillway.yaml': file(origin),
    'cloud.yaml': `upstreams:\n  - { name: cloud, kind: ollama, url: "${origin}", tier: 1 }\n`,
  })
  const wrong: readonly (readonly [words: readonly string[], said: RegExp])[] = [
    [['--upstream', 'bx'], /^There is no upstream called bx; did you mean "box"\? Known here: box, other\.\n$/],
    [[], /^Which of them is meant\? --upstream box, or --upstream other\n$/],
    [['--upstream', 'other'], /^other at http:\/\/127\.0\.0\.1:1 refuses connections\.\n$/],
    [['--upstream', 'box', '--model', 'n'], /^box does not serve n; it serves m:latest\.\n$/],
    [
      ['--url', origin, '--kind', 'ollama', '--write'],
      /^There is no configuration file to write to; leave out --write\.\n$/,
    ],
    [['--url', origin, '--kind', 'olama'], /^--kind: there is no kind "olama"; did you mean "ollama"/],
    [['--url', 'gpu-1'], /^--url: is no http address; write http:\/\/HOST:PORT/],
    [
      ['--config', 'cloud.yaml'],
      /^cloud costs money: up to 64 at once are some \d+ requests\. What that costs is not known\. With --paid/,
    ],
    [['--first-token-max', 'soon'], /It has to be a time: 500ms, 2s\./],
  ]
  const ended = await Promise.all(wrong.map(([words]) => spillway(t, ['tune', ...words], { cwd }).ended))
  ended.forEach(({ code, out, err }, i) => {
    assert.deepEqual([code, out], [1, ''], err)
    assert.match(err, wrong[i]![1])
  })
})

test('a server that does not answer the first question is told with what it said', async (t) => {
  const broken = createServer(({ url }, response) => {
    if (url === '/v1/models') response.end('{"data":[{"id":"m"}]}')
    else response.writeHead(400).end('{"error":{"message":"The template is broken."}}')
  })
  await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve))
  t.after(() => broken.close())
  const url = `http://127.0.0.1:${(broken.address() as AddressInfo).port}`
  const { code, err } = await spillway(t, ['tune', '--url', url]).ended
  assert.equal(code, 1)
  assert.match(err, /^server does not answer with m: .*The template is broken\.$/m)
})
