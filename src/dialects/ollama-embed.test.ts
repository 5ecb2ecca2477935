import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Json } from '../core/json.ts'
import { ollamaEmbed } from './ollama-embed.ts'
import { ollamaEmbeddings } from './ollama-embeddings.ts'
import { openAiEmbeddings } from './openai-embeddings.ts'

const about = { id: 'x', model: 'mine', promptTokens: 7, createdMs: 1_000, wantsUsage: true, epochMs: () => 1_250 }
const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))
const body = (more: Json = {}): Json => ({ model: 'm', ...more })

test('an input is a text or texts, and token ids are none', () => {
  for (const input of [5, {}, [1, 2], [[1]], ['a', 1]])
    assert.throws(() => ollamaEmbed.glance(body({ input })), { kind: 'bad-request', message: /input/ })
  assert.throws(() => ollamaEmbeddings.glance(body({ prompt: ['a'] })), { kind: 'bad-request', message: /prompt/ })
  assert.deepEqual(ollamaEmbed.glance(body({ input: 'hi' })).needs, ['vectors'])
  assert.deepEqual(ollamaEmbeddings.glance(body({ prompt: 'hi' })).needs, ['vectors'])
})

test('without an input only the model is loaded or unloaded, but an empty text in a list is an input', () => {
  const errand = (more: Json): unknown => ollamaEmbed.glance(body(more)).errand
  for (const input of [undefined, null, '', []]) assert.equal(errand({ input }), 'load')
  assert.equal(errand({ input: '', keep_alive: 0 }), 'unload')
  assert.equal(errand({ input: [''] }), undefined)
  assert.equal(ollamaEmbeddings.glance(body()).errand, 'load')
  assert.equal(ollamaEmbeddings.glance(body({ prompt: '', keep_alive: '0s' })).errand, 'unload')
  assert.equal(ollamaEmbeddings.glance(body({ prompt: 'hi', keep_alive: 0 })).errand, undefined)
  assert.deepEqual(ollamaEmbed.errandDone?.('load', about), { model: 'mine', embeddings: [] })
  assert.deepEqual(ollamaEmbeddings.errandDone?.('load', about), { embedding: [] })
})

test('inputs that are written and read again are the same', () => {
  const texts = fc.array(fc.string(), { minLength: 1, maxLength: 3 })
  const dimensions = fc.option(fc.integer({ min: 1 }), { nil: undefined })
  fc.assert(
    fc.property(texts, dimensions, (all, length) => {
      const inputs = { model: 'm', texts: all, dimensions: length, user: undefined }
      assert.deepEqual(ollamaEmbed.readInputs(ollamaEmbed.writeInputs(inputs)), inputs)
      const one = { ...inputs, texts: all.slice(0, 1), dimensions: undefined }
      assert.deepEqual(ollamaEmbeddings.readInputs(ollamaEmbeddings.writeInputs(one)), one)
    }),
  )
})

test('what options and nulls clients send besides is no part of the inputs', () => {
  const sent = body({ input: 'hi', truncate: true, options: { num_ctx: null }, keep_alive: null, dimensions: 0 })
  const read = { model: 'm', texts: ['hi'], dimensions: undefined, user: undefined }
  assert.deepEqual(ollamaEmbed.readInputs(sent), read)
})

test('the older API takes one text and knows no dimensions', () => {
  const inputs = { model: 'm', texts: ['a', 'b'], dimensions: undefined, user: undefined }
  assert.throws(() => ollamaEmbeddings.writeInputs(inputs), { kind: 'bad-request', message: /one text/ })
  assert.throws(() => ollamaEmbeddings.writeInputs({ ...inputs, texts: ['a'], dimensions: 8 }), {
    kind: 'bad-request',
    message: /dimensions/,
  })
})

test('vectors pass from one API to the others and back unchanged', () => {
  const vector = fc.array(
    fc.float({ noNaN: true, noDefaultInfinity: true }).map((float) => float + 0),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  fc.assert(
    fc.property(fc.array(vector, { minLength: 1, maxLength: 3 }), fc.integer({ min: 1 }), (vectors, promptTokens) => {
      const written = bytes(ollamaEmbed.writeVectors({ vectors, promptTokens }, about, body()))
      assert.deepEqual(ollamaEmbed.readVectors(written), { vectors, promptTokens })
      assert.deepEqual(ollamaEmbed.usageOf(written), { promptTokens, outputTokens: 0 })
      const named = body({ encoding_format: 'base64' })
      const official = bytes(openAiEmbeddings.writeVectors(ollamaEmbed.readVectors(written), about, named))
      assert.deepEqual(openAiEmbeddings.readVectors(official), { vectors, promptTokens })
      const older = bytes(ollamaEmbeddings.writeVectors({ vectors, promptTokens }, about, body()))
      assert.deepEqual(ollamaEmbeddings.readVectors(older), { vectors: [vectors[0]], promptTokens: undefined })
    }),
  )
})

test('an answer says how long it took here, and no count that nobody made', () => {
  assert.deepEqual(ollamaEmbed.writeVectors({ vectors: [[1]], promptTokens: undefined }, about, body()), {
    model: 'mine',
    embeddings: [[1]],
    total_duration: 250_000_000,
  })
})

test('what is no vector is a fault of the server, and an error under a 200 is found', () => {
  for (const answer of [{}, { embeddings: null }, { embeddings: [[1, null]] }, { embeddings: [5] }])
    assert.throws(() => ollamaEmbed.readVectors(bytes(answer)), { kind: 'upstream-broke' })
  for (const answer of [{}, { embedding: null }])
    assert.throws(() => ollamaEmbeddings.readVectors(bytes(answer)), { kind: 'upstream-broke' })
  for (const dialect of [ollamaEmbed, ollamaEmbeddings])
    assert.match(dialect.faultIn(bytes({ error: 'it broke' }))!.message, /it broke/)
})
