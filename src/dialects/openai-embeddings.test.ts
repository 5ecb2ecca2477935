import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Json } from '../core/json.ts'
import { ollamaEmbed } from './ollama-embed.ts'
import { openAiEmbeddings as dialect } from './openai-embeddings.ts'

const body = (more: Json = {}): Json => ({ model: 'm', input: 'hello', ...more })
const about = { id: 'x', model: 'mine', promptTokens: 7, createdMs: 0, wantsUsage: false, epochMs: () => 0 }
const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))

test('an input is a text, texts, or token ids, and there must be one', () => {
  for (const input of ['hi', ['hi', ''], [1, 2], [[1, 2], [3]]]) dialect.glance(body({ input }))
  for (const input of [undefined, null, '', [], 5, {}, ['a', 1], [[]], [1.5], [-1], [['a']]])
    assert.throws(
      () => dialect.glance(body({ input })),
      { kind: 'bad-request', message: /input/ },
      JSON.stringify(input),
    )
  assert.throws(() => dialect.glance(body({ model: null })), { kind: 'bad-request', message: /model/ })
})

test('a request needs vectors, is never a stream, and a token id counts as one token', () => {
  const { stream, needs, outputTokensMax } = dialect.glance(body({ stream: true }))
  assert.deepEqual([stream, needs, outputTokensMax], [false, ['vectors'], undefined])
  const ids = Array.from({ length: 2_000 }, (_, at) => at)
  assert.ok(Math.abs(dialect.glance(body({ input: [ids, ids] })).promptTokens - 4_000) < 30)
})

test('inputs that are written and read again are the same', () => {
  const ids = fc.array(fc.nat(), { minLength: 1, maxLength: 3 })
  const inputs = fc.record(
    {
      model: fc.string({ minLength: 1 }),
      texts: fc.oneof(
        fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 3 }),
        fc.array(ids, { minLength: 1, maxLength: 3 }),
      ),
      dimensions: fc.option(fc.integer({ min: 1 }), { nil: undefined }),
      user: fc.option(fc.string(), { nil: undefined }),
    },
    { noNullPrototype: true },
  )
  fc.assert(fc.property(inputs, (one) => assert.deepEqual(dialect.readInputs(dialect.writeInputs(one)), one)))
})

test('token ids go to servers that take them, and elsewhere are refused with the way out', () => {
  const inputs = dialect.readInputs(body({ input: [5, 6, 7] }))
  assert.deepEqual(inputs.texts, [[5, 6, 7]])
  assert.throws(() => ollamaEmbed.writeInputs(inputs), {
    kind: 'bad-request',
    message: /check_embedding_ctx_length=False/,
  })
})

test('a form of vectors that nobody has is refused', () => {
  assert.throws(() => dialect.readInputs(body({ encoding_format: 'hex' })), {
    kind: 'bad-request',
    message: /encoding_format/,
  })
})

test('vectors are put in the order of their inputs', () => {
  const data = [
    { index: 1, embedding: [2] },
    { index: 0, embedding: [1] },
  ]
  const usage = { prompt_tokens: 3, total_tokens: 3 }
  assert.deepEqual(dialect.readVectors(bytes({ data, usage })), { vectors: [[1], [2]], promptTokens: 3 })
})

test('what is no vector is a fault of the server', () => {
  for (const answer of [
    [],
    {},
    { data: null },
    { data: [{ index: 0 }] },
    { data: [null] },
    { data: [{ index: 0, embedding: [1, null] }] },
    { data: [{ index: 0, embedding: 'AAA=' }] },
  ])
    assert.throws(() => dialect.readVectors(bytes(answer)), { kind: 'upstream-broke' }, JSON.stringify(answer))
  assert.throws(() => dialect.readVectors(Buffer.from('{"data":[')), { kind: 'upstream-broke' })
})

test('base64 is answered to who named it, and floats to everybody else', () => {
  const vectors = { vectors: [[1, -2]], promptTokens: 3 }
  const embedding = (more: Json): unknown =>
    (dialect.writeVectors(vectors, about, body(more))['data'] as Json[])[0]?.['embedding']
  assert.deepEqual(embedding({}), [1, -2])
  assert.deepEqual(embedding({ encoding_format: 'float' }), [1, -2])
  assert.equal(embedding({ encoding_format: 'base64' }), 'AACAPwAAAMA=')
})

test('vectors that are written and read again are the same, in either form', () => {
  const vector = fc.array(
    fc.float({ noNaN: true, noDefaultInfinity: true }).map((float) => float + 0),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  fc.assert(
    fc.property(
      fc.array(vector, { maxLength: 3 }),
      fc.nat(),
      fc.constantFrom('float', 'base64', null),
      (vectors, promptTokens, form) => {
        const written = bytes(dialect.writeVectors({ vectors, promptTokens }, about, body({ encoding_format: form })))
        assert.deepEqual(dialect.readVectors(written), { vectors, promptTokens })
        assert.deepEqual(dialect.usageOf(written), { promptTokens, outputTokens: 0 })
        assert.equal(dialect.faultIn(written), undefined)
      },
    ),
  )
})

test('an answer has counts even where the server had none', () => {
  const { usage, model, object } = dialect.writeVectors({ vectors: [[1]], promptTokens: undefined }, about, body())
  assert.deepEqual([usage, model, object], [{ prompt_tokens: 7, total_tokens: 7 }, 'mine', 'list'])
})

test('counts are found before the vectors and behind them', () => {
  const data = [{ index: 0, embedding: [0.5, 0.25] }]
  const usage = { total_tokens: 3, prompt_tokens: 3 }
  for (const answer of [
    { usage, data },
    { data, usage },
  ])
    assert.deepEqual(dialect.usageOf(bytes(answer)), { promptTokens: 3, outputTokens: 0 })
  assert.equal(dialect.usageOf(bytes({ data })), undefined)
})

test('an error under a 200 is found, and one is not seen in vectors', () => {
  assert.match(dialect.faultIn(bytes({ error: { message: 'the "embedding":[ failed' } }))!.message, /failed/)
  assert.equal(dialect.faultIn(bytes({ object: 'list', data: [{ embedding: [1] }], error: null })), undefined)
})
