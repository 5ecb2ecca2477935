import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Samples, Seconds } from './rings.ts'

test('a second that is over is forgotten when the ring comes round to it, however long nothing happened', () => {
  const ring = new Seconds(5)
  ring.add(1_000, 7)
  assert.equal(ring.sum(5_999, 5), 7)
  assert.equal(ring.sum(6_000, 5), 0)
  ring.add(9_500_000, 1)
  assert.deepEqual(ring.last(9_500_000, 5), [0, 0, 0, 0, 1])
})

test('the seconds come oldest first', () => {
  const ring = new Seconds(10)
  for (const [at, count] of [
    [100, 1],
    [1_100, 2],
    [3_900, 4],
  ] as const)
    ring.add(at, count)
  assert.deepEqual(ring.last(4_000, 5), [1, 2, 0, 4, 0])
})

test('the highest of a second stays', () => {
  const ring = new Seconds(3)
  for (const depth of [2, 9, 4]) ring.raise(500, depth)
  assert.deepEqual(ring.last(500, 1), [9])
})

test('percentiles are of what was measured inside the window', () => {
  const samples = new Samples(1_000)
  samples.add(0, 99_999)
  for (let n = 1; n <= 100; n += 1) samples.add(1_000 + n, n)
  assert.deepEqual(samples.percentiles(1_000), { p50: 50, p95: 95 })
  assert.equal(samples.percentiles(5_000), undefined)
})

test('a full ring of samples replaces the oldest', () => {
  const samples = new Samples(3)
  for (const value of [1_000, 5, 6, 7]) samples.add(10, value)
  assert.deepEqual(samples.percentiles(0), { p50: 6, p95: 7 })
})
