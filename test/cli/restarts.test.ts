import assert from 'node:assert/strict'
import { test } from 'node:test'
import { restarts } from './restarts.ts'

test('restarts under fifty streams: nobody is refused, nobody is cut, and the end is a good one', async (t) => {
  const tempo = { words: 20, wordMs: 50 }
  const { whole, failures, reused, tookMs, code } = await restarts(t, { count: 3, streams: 50, tempo })
  assert.deepEqual(failures, [])
  assert.ok(whole >= 50, `${whole} whole`)
  assert.ok(reused > 0)
  assert.deepEqual([tookMs.length, code], [3, 0])
})
