import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readUsage } from './usage.ts'

test('what was written to a cache for an hour is told apart, since it costs more', () => {
  const said = {
    input_tokens: 10,
    output_tokens: 7,
    cache_read_input_tokens: 100,
    cache_creation_input_tokens: 50,
    cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 30 },
  }
  assert.deepEqual(readUsage(said), {
    promptTokens: 160,
    outputTokens: 7,
    cachedTokens: 100,
    cacheWriteTokens: 50,
    cacheWriteHourTokens: 30,
  })
})

test('a count that is none says nothing', () => {
  for (const odd of [-1, 0.5, '30', Infinity, null, {}]) {
    const said = { input_tokens: 10, output_tokens: 7, cache_creation: { ephemeral_1h_input_tokens: odd } }
    assert.deepEqual(readUsage(said), { promptTokens: 10, outputTokens: 7 })
  }
})
