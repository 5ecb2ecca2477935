import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readUsage } from './usage.ts'

test('what was written to a cache is counted, where a server tells of it', () => {
  const said = (written: unknown): unknown => ({
    prompt_tokens: 3_000,
    completion_tokens: 5,
    prompt_tokens_details: { cached_tokens: 1_000, cache_write_tokens: written },
  })
  const plain = { promptTokens: 3_000, outputTokens: 5, cachedTokens: 1_000 }
  assert.deepEqual(readUsage(said(2_000)), { ...plain, cacheWriteTokens: 2_000 })
  for (const none of [0, undefined, -1, Infinity, '2000']) assert.deepEqual(readUsage(said(none)), plain)
})
