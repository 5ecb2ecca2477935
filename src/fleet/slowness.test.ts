import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Slowness } from './slowness.ts'

const guest = (startedAt: number, readMs = 200) => ({
  startedAt,
  speaksAt: startedAt + 200,
  readBy: startedAt + readMs,
  cold: false,
  stream: true,
})

/** One whose first token was expected after 200 ms came, and spoke after so long. */
function heard(slowness: Slowness, at: number, tookMs: number): void {
  const one = guest(at)
  slowness.begun(one)
  slowness.spoke(one, at + tookMs)
}

test('a few first tokens show that a place has become slow, and one that it is well again', () => {
  const slowness = new Slowness()
  for (let at = 0; at < 20; at += 1) heard(slowness, at * 1_000, 200)
  assert.equal(slowness.timesAt(20_000), 1)
  for (let at = 20; at < 23; at += 1) heard(slowness, at * 1_000, 2_000)
  assert.ok(slowness.timesAt(30_000) > 4)
  heard(slowness, 31_000, 200)
  assert.ok(slowness.timesAt(40_000) < 2)
})

test('silence counts before it is over, and no longer when it is', () => {
  const slowness = new Slowness()
  const one = guest(0)
  slowness.begun(one)
  assert.equal(slowness.timesAt(150), 1)
  assert.equal(slowness.timesAt(2_000), 10)
  slowness.spoke(one, 2_010)
  assert.ok(slowness.timesAt(2_020) < 4, 'one that came late is one')
})

test('who has the prompts of others to read before is not slow, and no quicker either when it need not', () => {
  const slowness = new Slowness()
  const one = guest(0, 4_000)
  slowness.begun(one)
  assert.equal(slowness.timesAt(3_990), 1)
  assert.equal(slowness.timesAt(20_000), 5)
  slowness.spoke(one, 20_000)
  const parallel = new Slowness()
  for (let at = 0; at < 20; at += 1) {
    const another = guest(at * 1_000, 4_000)
    parallel.begun(another)
    parallel.spoke(another, another.startedAt + 200)
  }
  assert.equal(parallel.timesAt(60_000), 1)
})

test('a model that has to be loaded, and an answer that nobody sees come, are no silence', () => {
  const slowness = new Slowness()
  slowness.begun({ ...guest(0), cold: true })
  slowness.begun({ ...guest(0), stream: false })
  assert.equal(slowness.timesAt(60_000), 1)
})

test('a slow place is tried after a while, after a longer one each time, and first by those who can wait', () => {
  const slowness = new Slowness()
  assert.equal(slowness.mayBeTried(0, true), false)
  assert.deepEqual([slowness.mayBeTried(5_000, false), slowness.mayBeTried(5_000, true)], [false, true])
  assert.equal(slowness.mayBeTried(10_000, false), true)
  heard(slowness, 10_000, 2_000)
  assert.deepEqual([slowness.mayBeTried(19_999, true), slowness.mayBeTried(20_000, true)], [false, true])
  slowness.well()
  assert.equal(slowness.mayBeTried(20_000, true), false, 'it begins anew')
  assert.equal(slowness.mayBeTried(25_000, true), true)
})
