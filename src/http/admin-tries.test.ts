import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Tries } from './admin-tries.ts'

test('T22: after ten wrong tokens in a minute nothing more is heard from there, until the minute is over', () => {
  const clock = { at: 0, now: () => clock.at }
  const tries = new Tries(clock)
  for (let n = 0; n < 10; n += 1) {
    clock.at = n * 1_000
    assert.equal(tries.waitMs('a'), 0)
    tries.failed('a')
  }
  assert.deepEqual([tries.waitMs('a'), tries.waitMs('b')], [51_000, 0])
  clock.at = 59_999
  assert.equal(tries.waitMs('a'), 1)
  clock.at = 60_000
  assert.equal(tries.waitMs('a'), 0)
  tries.failed('a')
  assert.equal(tries.waitMs('a'), 0)
})

test('T22: whoever has many addresses does not make room for more tries from one of them than from ten thousand', () => {
  const tries = new Tries({ now: () => 0 })
  for (let n = 0; n < 10; n += 1) tries.failed('a')
  for (let n = 0; n < 9_999; n += 1) tries.failed(`other-${n}`)
  assert.equal(tries.waitMs('a'), 60_000)
})
