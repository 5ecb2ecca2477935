import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ollamaChat } from '../ollama-chat.ts'
import { errandFor } from './errand.ts'

test('a model is unloaded for every spelling of no time at all, and loaded for all others', () => {
  for (const nothing of [0, -0, '0', '-0', '+0', '0s', '0m', '0h0m0s', '0.0s', '.0s', '-0ms', '000us', '0µs'])
    assert.equal(errandFor(nothing), 'unload', String(nothing))
  for (const some of [undefined, null, 1, -1, 0.5, '', '.', 's', '10m', '-1m', '0.1s', '0s5m', '0x', '0 s', true])
    assert.equal(errandFor(some), 'load', String(some))
})

test('a chat without messages is an errand, and is answered with an empty message that is done', () => {
  const errand = (more: object): unknown => ollamaChat.glance({ model: 'm', ...more }).errand
  assert.equal(errand({}), 'load')
  assert.equal(errand({ messages: [], keep_alive: 0 }), 'unload')
  assert.equal(errand({ messages: [{ role: 'user', content: '' }], keep_alive: 0 }), undefined)
  const about = { id: 'x', model: 'm', promptTokens: 1, createdMs: 0, wantsUsage: true, epochMs: () => 0 }
  assert.deepEqual(ollamaChat.errandDone?.('unload', about), {
    model: 'm',
    created_at: '1970-01-01T00:00:00.000Z',
    message: { role: 'assistant', content: '' },
    done: true,
    done_reason: 'unload',
  })
})
