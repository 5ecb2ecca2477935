import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Json } from '../core/json.ts'
import type { Part } from '../core/part.ts'
import type { Prompt } from '../core/prompt.ts'
import { ollamaGenerate as dialect } from './ollama-generate.ts'

const body = (more: Json = {}): Json => ({ model: 'm', prompt: 'Why?', ...more })
const png = 'iVBORw0KGgoAAAA='

let nowMs = 0
const about = { id: 'x-1', model: 'm', promptTokens: 7, createdMs: 1_000, wantsUsage: true, epochMs: () => nowMs }

test('a refusal names the field at fault', () => {
  const faulty: readonly (readonly [Json, RegExp])[] = [
    [body({ model: '' }), /model/],
    [body({ prompt: ['a'] }), /prompt/],
    [body({ suffix: 5 }), /suffix/],
    [body({ raw: 'yes' }), /raw/],
    [body({ images: 'x' }), /images/],
    [body({ stream: 1 }), /stream/],
    [body({ options: [] }), /options/],
    [body({ options: { num_predict: 'x' } }), /options\.num_predict/],
  ]
  for (const [request, field] of faulty)
    assert.throws(() => dialect.glance(request), { kind: 'bad-request', message: field })
})

test('a request streams unless it says otherwise, and is a chat unless it is raw or has a gap', () => {
  const needs = (more: Json): readonly string[] => dialect.glance(body(more)).needs
  assert.equal(dialect.glance(body()).stream, true)
  assert.equal(dialect.glance(body({ stream: false })).stream, false)
  assert.deepEqual(needs({ suffix: '', system: 'Be brief.', images: [], think: false }), ['chat'])
  assert.deepEqual(needs({ images: [png], think: 'high', logprobs: true }), ['chat', 'vision', 'thinking', 'logprobs'])
  assert.deepEqual(needs({ raw: true }), ['text'])
  assert.deepEqual(needs({ suffix: '}' }), ['text', 'infill'])
})

test('what was said before counts as the tokens that it is', () => {
  const context = Array.from({ length: 3_000 }, (_, at) => at)
  assert.ok(Math.abs(dialect.glance(body({ context })).promptTokens - 3_000) < 30)
})

test('without a word a model is loaded, or unloaded when it is to be kept for no time', () => {
  const errand = (more: Json): unknown => dialect.glance({ model: 'm', ...more }).errand
  assert.equal(errand({}), 'load')
  assert.equal(errand({ prompt: '', suffix: '', system: '', template: '', options: {} }), 'load')
  assert.equal(errand({ prompt: null, keep_alive: '10m' }), 'load')
  assert.equal(errand({ keep_alive: 0 }), 'unload')
  assert.equal(errand({ prompt: '', keep_alive: '0s' }), 'unload')
  assert.equal(errand({ prompt: 'x', keep_alive: 0 }), undefined)
  assert.equal(errand({ images: [png] }), undefined)
})

test('an errand is answered with an empty response that is done', () => {
  nowMs = 0
  for (const errand of ['load', 'unload'] as const)
    assert.deepEqual(dialect.errandDone?.(errand, about), {
      model: 'm',
      created_at: '1970-01-01T00:00:00.000Z',
      response: '',
      done: true,
      done_reason: errand,
    })
})

test('a question is read as a conversation that has just begun', () => {
  const { messages, text, reasoning, format } = dialect.readPrompt(
    body({ system: 'Be brief.', images: [png], think: true, format: 'json', suffix: '', context: [], template: '' }),
  )
  assert.deepEqual(
    messages.map(({ role, content }) => [role, content]),
    [
      ['system', [{ type: 'text', text: 'Be brief.' }]],
      [
        'user',
        [
          { type: 'text', text: 'Why?' },
          { type: 'image', mediaType: 'image/png', base64: png },
        ],
      ],
    ],
  )
  assert.deepEqual([text, reasoning, format], [undefined, 'on', { type: 'json' }])
})

test('what is raw stands alone, and a gap has a text on either side', () => {
  const read = (more: Json): Prompt => dialect.readPrompt(body(more))
  assert.deepEqual(read({ raw: true }).text, { before: 'Why?', after: undefined })
  // Ollama does not look at it either.
  assert.deepEqual(read({ raw: true, suffix: 'x', think: true }).text, { before: 'Why?', after: undefined })
  assert.deepEqual(read({ suffix: '}', system: 'x' }).text, { before: 'Why?', after: '}' })
  assert.equal(read({ raw: true, think: true }).reasoning, undefined)
})

test('what only the server itself could make sense of is refused', () => {
  for (const more of [
    { template: '{{ .Prompt }}' },
    { context: [1, 2] },
    { system: 'x', raw: true },
    { images: [png], raw: true },
    { images: [png], suffix: 'x' },
  ])
    assert.throws(() => dialect.readPrompt(body(more)), {
      kind: 'bad-request',
      message: new RegExp(Object.keys(more)[0]!),
    })
})

test('a plain text is written raw, one with a gap for the template of the model, and neither is searched for thoughts', () => {
  const prompt = dialect.readPrompt(body({ raw: true, stream: false }))
  assert.deepEqual(dialect.writePrompt(prompt), { model: 'm', prompt: 'Why?', raw: true, stream: false, think: false })
  assert.deepEqual(dialect.writePrompt({ ...prompt, text: { before: 'a', after: 'b' } }), {
    model: 'm',
    prompt: 'a',
    suffix: 'b',
    stream: false,
    think: false,
  })
})

test('a text that would be none, one that is to be repeated, and more than one question are refused', () => {
  const prompt = dialect.readPrompt(body({ system: 'Be brief.' }))
  const [system, user] = prompt.messages
  const refused: Prompt[] = [
    { ...prompt, text: { before: '', after: undefined } },
    { ...prompt, text: { before: 'a', after: undefined, echo: true } },
    { ...prompt, messages: [] },
    { ...prompt, messages: [user!, { ...user!, role: 'assistant' }] },
    { ...prompt, messages: [system!, user!, user!] },
    { ...prompt, messages: [{ ...user!, content: [{ type: 'image', mediaType: undefined, base64: png }] }] },
    { ...prompt, messages: [{ ...user!, content: [{ type: 'image-url', url: 'http://x/y.png' }] }] },
    { ...prompt, continues: true },
    { ...prompt, tools: [{ name: 'f', description: undefined, parameters: undefined, strict: undefined }] },
  ]
  for (const one of refused) assert.throws(() => dialect.writePrompt(one), { kind: 'bad-request' })
})

test('a question that is written and read again is the same question', () => {
  const text = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
  const questions = fc.record(
    {
      prompt: text,
      system: text,
      images: fc.constant([png]),
      stream: fc.boolean(),
      think: fc.constantFrom(true, false, 'low', 'max'),
      format: fc.constantFrom('json', { type: 'object' }),
      logprobs: fc.constant(true),
      top_logprobs: fc.integer({ min: 1, max: 20 }),
      options: fc.record({ num_predict: fc.integer({ min: 1 }), top_k: fc.integer(), stop: fc.array(text) }),
    },
    { requiredKeys: ['prompt'] },
  )
  fc.assert(
    fc.property(questions, (question) => {
      const prompt = dialect.readPrompt({ model: 'm', ...question })
      assert.deepEqual(dialect.readPrompt(dialect.writePrompt(prompt)), prompt)
    }),
  )
})

test('a stream has a response in every object, thoughts beside it, and the counts in the last', () => {
  const write = dialect.partWriter(about)
  const parts: readonly Part[] = [
    { type: 'thinking-delta', text: 'Hm.' },
    { type: 'text-delta', text: 'a', logprobs: [{ token: 'a', logprob: -1, bytes: [97] }] },
    { type: 'finish', reason: 'length' },
    { type: 'usage', usage: { promptTokens: 3, outputTokens: 2 } },
  ]
  nowMs = 1_200
  const out = parts.map(write).join('')
  nowMs = 1_700
  const lines = `${out}${write({ type: 'end' })}`.split('\n').slice(0, -1)
  const read = lines.map((line): unknown => ({ ...(JSON.parse(line) as Json), created_at: '' }))
  const head = { model: 'm', created_at: '' }
  assert.deepEqual(read, [
    { ...head, response: '', thinking: 'Hm.', done: false },
    {
      ...head,
      response: 'a',
      logprobs: [{ token: 'a', logprob: -1, bytes: [97], top_logprobs: [] }],
      done: false,
    },
    {
      ...head,
      response: '',
      done: true,
      done_reason: 'length',
      total_duration: 700_000_000,
      prompt_eval_count: 3,
      prompt_eval_duration: 200_000_000,
      eval_count: 2,
      eval_duration: 500_000_000,
    },
  ])
})

test('an answer in one piece holds the text, the thoughts and the reason', () => {
  const {
    response,
    thinking,
    done,
    done_reason: reason,
  } = dialect.collect(
    [
      { type: 'thinking-delta', text: 'Hm.' },
      { type: 'text-delta', text: 'a' },
      { type: 'text-delta', text: 'b' },
      { type: 'finish', reason: 'stop' },
      { type: 'end' },
    ],
    about,
  )
  assert.deepEqual([response, thinking, done, reason], ['ab', 'Hm.', true, 'stop'])
})

test('a passing stream is watched by its responses and thoughts, and only its last object is parsed', () => {
  const watcher = dialect.watcher({ hideUsage: false, rename: undefined })
  const text = '{"model":"m","response":"\\"done\\":true \\"error\\":","done":false}\n'
  const nothing = '{"model":"response","response":"","done":false}\n'
  const thought = '{"model":"m","response":"","thinking":"Hm.","done":false}\n'
  const bytes = Buffer.from(text + nothing + thought)
  assert.equal(watcher.see(bytes), bytes)
  assert.deepEqual([watcher.ended, watcher.frames, watcher.usage], [false, 2, undefined])
  watcher.see(Buffer.from('{"model":"m","response":"","done":true,"context":[1,2],"eval_count":2}\n'))
  assert.deepEqual([watcher.ended, watcher.usage], [true, { promptTokens: 0, outputTokens: 2 }])
})

test('an answer in one piece that is not done has failed', () => {
  const fault = dialect.faultIn(Buffer.from('{"model":"m","response":" ha","done":false}'))
  assert.deepEqual([fault?.status, fault?.retry], [502, false])
  assert.equal(dialect.faultIn(Buffer.from('{"model":"m","response":"x","done":true}')), undefined)
})
