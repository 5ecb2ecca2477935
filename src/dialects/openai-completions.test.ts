import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AnswerAbout } from '../core/dialect.ts'
import type { Json } from '../core/json.ts'
import type { Part, TokenLogprob } from '../core/part.ts'
import { gather } from './answer.ts'
import { ollamaGenerate } from './ollama-generate.ts'
import { openAiCompletions as dialect } from './openai-completions.ts'
import { collectFrom } from './translate.ts'

const body = (more: Json = {}): Json => ({ model: 'm', prompt: 'Once upon', ...more })
const about: AnswerAbout = {
  id: 'x-1',
  model: 'm',
  promptTokens: 7,
  createdMs: 5_000,
  wantsUsage: true,
  epochMs: () => 6_000,
}
const end: readonly Part[] = [{ type: 'finish', reason: 'stop' }, { type: 'end' }]

/** The chunks of a stream of ours, without `[DONE]`. */
function chunks(parts: readonly Part[], more: Partial<AnswerAbout> = {}): Json[] {
  const frames = parts
    .map(dialect.partWriter({ ...about, ...more }))
    .join('')
    .split('\n\n')
    .slice(0, -1)
  assert.equal(frames.pop(), 'data: [DONE]')
  return frames.map((frame) => JSON.parse(frame.slice('data: '.length)) as Json)
}

const choice = (chunk: Json | undefined): Json => (chunk!['choices'] as Json[])[0]!

test('a refusal names the field at fault', () => {
  const faulty: readonly (readonly [Json, RegExp])[] = [
    [body({ model: 7 }), /model/],
    [body({ prompt: undefined }), /prompt/],
    [body({ prompt: [] }), /prompt/],
    [body({ prompt: ['x', 5] }), /prompt/],
    [body({ prompt: [1, -1] }), /prompt/],
    [body({ prompt: [[1], []] }), /prompt/],
    [body({ suffix: {} }), /suffix/],
    [body({ stream: 'true' }), /stream/],
    [body({ max_tokens: '5' }), /max_tokens/],
  ]
  for (const [request, field] of faulty)
    assert.throws(() => dialect.glance(request), { kind: 'bad-request', message: field })
})

test('a request needs a model for texts, one that fills gaps only for a suffix, and probabilities only when asked', () => {
  const needs = (more: Json): readonly string[] => dialect.glance(body(more)).needs
  assert.deepEqual(needs({}), ['text'])
  assert.deepEqual(needs({ suffix: '', logprobs: null, echo: true }), ['text'])
  assert.deepEqual(needs({ suffix: ' the end', logprobs: 0 }), ['text', 'infill', 'logprobs'])
})

test('a token id counts as the token that it is', () => {
  const tokens = (prompt: unknown): number => dialect.glance(body({ prompt })).promptTokens
  const ids = Array.from({ length: 4_000 }, (_, at) => at)
  for (const prompt of [ids, [ids.slice(0, 1_000), ids.slice(1_000)]]) {
    assert.ok(Math.abs(tokens(prompt) - 4_000) < 50, String(tokens(prompt)))
  }
})

test('several texts, token ids and several answers are for servers of the same dialect only', () => {
  for (const more of [
    { prompt: ['a', 'b'] },
    { prompt: [1, 2, 3] },
    { prompt: [[1, 2, 3]] },
    { n: 2 },
    { best_of: 3 },
    { logit_bias: { '50256': -100 } },
    { response_format: { type: 'json_object' } },
    { max_tokens: 0 },
  ]) {
    assert.ok(dialect.glance(body(more)).promptTokens > 0)
    assert.throws(() => dialect.readPrompt(body(more)), {
      kind: 'bad-request',
      message: new RegExp(Object.keys(more)[0]!),
    })
  }
})

test('a text and what is to follow the gap are read, and null and empty mean nothing', () => {
  const { text, outputTokensMax, logprobs, stop } = dialect.readPrompt(
    body({ prompt: ['def f('], suffix: 'return x', echo: true, max_tokens: 16, logprobs: 3, stop: '\n\n' }),
  )
  assert.deepEqual(text, { before: 'def f(', after: 'return x', echo: true })
  assert.deepEqual([outputTokensMax, logprobs, stop], [16, 3, ['\n\n']])
  const plain = dialect.readPrompt(
    body({ suffix: '', echo: false, logprobs: null, n: 1, best_of: null, max_tokens: -1 }),
  )
  assert.deepEqual(plain.text, { before: 'Once upon', after: undefined })
  assert.deepEqual([plain.outputTokensMax, plain.logprobs], [undefined, undefined])
})

test('nothing is written that was not asked for: servers refuse the mere name of a suffix', () => {
  assert.deepEqual(dialect.writePrompt(dialect.readPrompt(body())), { model: 'm', prompt: 'Once upon', stream: false })
})

test('a conversation and a format are refused', () => {
  const prompt = dialect.readPrompt(body())
  assert.throws(() => dialect.writePrompt({ ...prompt, text: undefined }), { kind: 'bad-request' })
  assert.throws(() => dialect.writePrompt({ ...prompt, format: { type: 'json' } }), {
    kind: 'bad-request',
    message: /format/,
  })
})

test('a stream has chunks of text, a reason, counts for who asked for them, and [DONE]', () => {
  const parts: readonly Part[] = [
    { type: 'text-delta', text: ' a' },
    { type: 'finish', reason: 'length' },
    { type: 'usage', usage: { promptTokens: 1, outputTokens: 2 } },
    { type: 'end' },
  ]
  const [text, finish, usage] = chunks(parts)
  assert.deepEqual(text, {
    id: 'cmpl-x-1',
    object: 'text_completion',
    created: 5,
    model: 'm',
    choices: [{ text: ' a', index: 0, logprobs: null, finish_reason: null }],
  })
  assert.deepEqual(choice(finish), { text: '', index: 0, logprobs: null, finish_reason: 'length' })
  assert.deepEqual(usage?.['choices'], [])
  assert.deepEqual(usage?.['usage'], { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 })
  assert.equal(chunks(parts, { wantsUsage: false }).length, 2)
})

test('probabilities are lists side by side, with the place of each token in the text', () => {
  const logprobs: readonly TokenLogprob[] = [
    { token: '🦊', logprob: -0.5, top: [{ token: '🦊', logprob: -0.5 }] },
    { token: ' b', logprob: -1 },
  ]
  const written = chunks([{ type: 'text-delta', text: 'ab' }, { type: 'text-delta', text: '🦊 b', logprobs }, ...end])
  assert.deepEqual(choice(written[1])['logprobs'], {
    tokens: ['🦊', ' b'],
    token_logprobs: [-0.5, -1],
    top_logprobs: [{ '🦊': -0.5 }, null],
    text_offset: [2, 3],
  })
})

test('probabilities that are written and read again are the same, whatever the tokens are called', () => {
  const tops = fc
    .uniqueArray(fc.record({ token: fc.string({ minLength: 1 }), logprob: fc.integer({ min: -900, max: 0 }) }), {
      selector: ({ token }) => token,
      minLength: 1,
      maxLength: 4,
    })
    .map((all) => all.map((one, at) => ({ ...one, logprob: one.logprob - at * 1_000 })))
  const one = fc.record({ token: fc.string(), logprob: fc.integer({ min: -900, max: 0 }), top: tops })
  fc.assert(
    fc.property(fc.array(one, { minLength: 1, maxLength: 3 }), (logprobs) => {
      const parts: Part[] = [
        { type: 'text-delta', text: logprobs.map(({ token }) => token).join(''), logprobs },
        ...end,
      ]
      const whole = JSON.stringify(dialect.collect(parts, about))
      assert.deepEqual(plain(gather(dialect.partReader()(whole)).logprobs), plain(logprobs))
    }),
  )
})

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

test('probabilities in the form of chats, which llama-server and Ollama give here too, are read as well', () => {
  const content = [{ token: 'a', logprob: -0.1, bytes: [97], top_logprobs: [] }]
  const chunk = `data: ${JSON.stringify({ choices: [{ text: 'a', logprobs: { content } }] })}`
  assert.deepEqual(dialect.partReader()(chunk), [
    { type: 'text-delta', text: 'a', logprobs: [{ token: 'a', logprob: -0.1, bytes: [97] }] },
  ])
})

test('what stopped the text is told where the server tells it', () => {
  const finish = dialect.partReader()('data: {"choices":[{"text":"","finish_reason":"stop","stop_reason":"\\n"}]}')
  assert.deepEqual(finish, [{ type: 'finish', reason: 'stop', stopSequence: '\n' }])
})

test('a passing stream is watched by its texts: they are counted, and only ends and counts are parsed', () => {
  const watcher = dialect.watcher({ hideUsage: true, rename: { from: 'm', to: 'you' } })
  const see = (frame: string): string | undefined => watcher.see(Buffer.from(frame))?.toString()
  const text =
    'data: {"choices":[{"text":"\\"finish_reason\\":\\"stop\\"","index":0,"finish_reason":null}],"model":"m"}\n\n'
  assert.equal(see(text), text.replace('"model":"m"', '"model":"you"'))
  assert.deepEqual([watcher.frames, watcher.ended], [1, false])
  see('data: {"object":"text_completion","choices":[{"text":"","index":0,"finish_reason":"stop"}]}\n\n')
  assert.deepEqual([watcher.frames, watcher.ended], [1, true])
  assert.equal(see('data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n'), undefined)
  assert.deepEqual(watcher.usage, { promptTokens: 1, outputTokens: 2 })
})

test('a plain text that begins with a thought keeps it, tags and all', async () => {
  const said = '<think>\nHm.</think>\n\nfour'
  const lines = said.split('').map((character): Part => ({ type: 'text-delta', text: character }))
  const stream = [...lines, ...end].map(ollamaGenerate.partWriter(about)).map((line) => Buffer.from(line))
  const translating = { from: ollamaGenerate, to: dialect, about, oneCall: false }
  const answer = await collectFrom(flowing(stream), translating, { frames: 0, ended: false })
  assert.equal(choice(answer)['text'], said)
})

async function* flowing(all: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all
}
