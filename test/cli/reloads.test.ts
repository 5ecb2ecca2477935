import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reloads } from './reloads.ts'

test('sixty reloads, half of them broken, under twenty streams: none is cut, and a broken one changes nothing', async (t) => {
  const tempo = { words: 20, wordMs: 30 }
  const { whole, failures, taken, refused, wrong } = await reloads(t, { count: 60, seed: 6, streams: 20, tempo })
  assert.deepEqual(failures, [])
  assert.deepEqual(wrong, [])
  assert.ok(whole >= 20, `${whole} whole`)
  assert.deepEqual([taken, refused], [30, 30])
})
