import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killAgainAndAgain } from './kills.ts'

test('of a hundred processes that are killed at work, nothing that a caller saw is lost, and nothing is there twice', async (t) => {
  const all = await Promise.all([killAgainAndAgain(50, 1), killAgainAndAgain(50, 2)])
  for (const { kills, whole, paid, orphans, readyMs, wrong } of all) {
    const slowest = Math.max(...readyMs)
    t.diagnostic(
      `${kills} kills, ${whole} seen whole, ${paid} of them paid, ${orphans} orphans, ready in ${slowest} ms`,
    )
    assert.deepEqual(wrong, [])
    assert.ok(whole > 50 && orphans > 10, 'there was something to lose')
  }
})
