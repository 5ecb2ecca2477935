import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killAgainAndAgain } from './kills.ts'

const enoughMs = 8_000
const leastKills = 4

test('of a hundred processes that are killed at work, or as many as there is time for, nothing that a caller saw is lost, and nothing is there twice', async (t) => {
  const all = await Promise.all([killAgainAndAgain(50, 1, enoughMs), killAgainAndAgain(50, 2, enoughMs)])
  for (const { kills, whole, paid, orphans, readyMs, wrong } of all) {
    const slowest = Math.max(...readyMs)
    t.diagnostic(
      `${kills} kills, ${whole} seen whole, ${paid} of them paid, ${orphans} orphans, ready in ${slowest} ms`,
    )
    assert.deepEqual(wrong, [])
    assert.ok(kills >= leastKills && whole > kills && orphans > kills / 5, 'there was something to lose')
  }
})
