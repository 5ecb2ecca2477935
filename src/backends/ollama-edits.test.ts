import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json } from '../core/json.ts'
import { edited, settingOf } from '../../test/conformance/backend.ts'
import { edits } from './ollama-edits.ts'
import { ollama } from './ollama.ts'

const chat = (body: Json, contextTokens?: number): Json =>
  edited(ollama, 'ollama-chat', body, settingOf('m', contextTokens))

test('a prompt that does not fit is to be an error, not cut down', () => {
  for (const dialect of ['ollama-chat', 'ollama-generate', 'ollama-embed']) {
    assert.equal(edited(ollama, dialect, { model: 'm' })['truncate'], false)
    assert.equal(edited(ollama, dialect, { model: 'm', truncate: true })['truncate'], false)
    assert.equal(edits(dialect, { model: 'm', truncate: false }, settingOf()), undefined)
  }
  // There it cannot be said, and is an error anyway.
  assert.equal(edits('ollama-embeddings', { model: 'm', prompt: 'a' }, settingOf()), undefined)
})

test('what would load the model anew, or throw it out, never gets there', () => {
  const body = {
    model: 'm',
    keep_alive: 0,
    shift: false,
    think: false,
    truncate: false,
    options: { num_ctx: 1, num_thread: 1, num_gpu: 0, use_mmap: false, NUM_CTX: 1, temperature: 1 },
  }
  assert.deepEqual(chat(body), { model: 'm', think: false, truncate: false, options: { temperature: 1 } })
})

test('every request asks for the one length of context that is configured', () => {
  for (const dialect of Object.keys(ollama.speaks)) {
    for (const options of [undefined, null, {}, { num_ctx: 1 }, { num_ctx: 8_192 }, { num_thread: 9 }]) {
      const after = edited(ollama, dialect, { model: 'm', options }, settingOf('m', 8_192))
      assert.deepEqual(after['options'], { num_ctx: 8_192 }, JSON.stringify([dialect, options]))
    }
  }
  assert.deepEqual(chat({ options: { temperature: 1, num_ctx: 4 } }, 8_192)['options'], {
    temperature: 1,
    num_ctx: 8_192,
  })
  assert.equal(edits('ollama-chat', { truncate: false, options: { num_ctx: 8_192 } }, settingOf('m', 8_192)), undefined)
})

test('a limit that means "without end" is taken away, a real one stays', () => {
  assert.deepEqual(chat({ options: { num_predict: 0 } })['options'], {})
  assert.deepEqual(chat({ options: { num_predict: -1 } })['options'], {})
  assert.deepEqual(chat({ options: { num_predict: 5 } })['options'], { num_predict: 5 })
  // What LangChain sends where nothing is meant.
  const silent = { num_predict: null, temperature: null, stop: null }
  assert.deepEqual(chat({ options: silent })['options'], silent)
})

test('no spelling that the server would take for a field it knows gets past what admission has read', () => {
  for (const key of ['Model', 'KEEP_ALIVE', '\u212Aeep_alive', 'option\u017F', 'meſſages', 'Truncate', 'unheard_of']) {
    assert.deepEqual(chat({ model: 'm', truncate: false, [key]: 'x' }), { model: 'm', truncate: false }, key)
  }
})

test('more alternatives than it knows are refused by name', () => {
  assert.throws(() => chat({ model: 'm', top_logprobs: 21 }), { kind: 'bad-request', message: /^top_logprobs / })
})
