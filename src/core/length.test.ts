import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { leftAfter, lengthOf, meanOf, noLength } from './length.ts'

/** A million answers would tell the same. */
function sampled(median: number, sigma: number): number[] {
  const all: number[] = []
  for (let at = 0; at < 200; at += 1) {
    for (let turn = 0; turn < 200; turn += 1) {
      const radius = Math.sqrt(-2 * Math.log((at + 0.5) / 200))
      all.push(median * Math.exp(sigma * radius * Math.cos((2 * Math.PI * (turn + 0.5)) / 200)))
    }
  }
  return all
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

const near = (found: number, truth: number): void =>
  assert.ok(Math.abs(found / truth - 1) < 0.03, `${found} is not ${truth}`)

test('the mean of what is likely, and of what is left of it, are those of many answers', () => {
  const all = sampled(100, 0.5)
  near(meanOf(lengthOf(100, 0.5)), mean(all))
  near(meanOf(lengthOf(100, 0.5, 120)), mean(all.map((tokens) => Math.min(tokens, 120))))
  for (const said of [20, 50, 100, 200]) {
    const longer = all.filter((tokens) => tokens > said)
    near(leftAfter(lengthOf(100, 0.5), said), mean(longer.map((tokens) => tokens - said)))
    if (said < 150)
      near(leftAfter(lengthOf(100, 0.5, 150), said), mean(longer.map((tokens) => Math.min(tokens, 150) - said)))
  }
})

test('what is left is never negative, never beyond what is allowed, and nothing at the end', () => {
  const length = fc.record({
    median: fc.integer({ min: 1, max: 5_000 }),
    sigma: fc.double({ min: 0.04, max: 2, noNaN: true }),
    most: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 10_000 })),
  })
  fc.assert(
    fc.property(length, fc.integer({ min: 0, max: 20_000 }), ({ median, sigma, most }, said) => {
      const left = leftAfter(lengthOf(median, sigma, most), said)
      assert.ok(left >= 0 && Number.isFinite(left), `${left}`)
      if (most < Infinity) assert.ok(left <= Math.max(0, most - said) + 1e-6, `${left} of ${most} after ${said}`)
      if (said >= most) assert.equal(left, 0)
    }),
  )
  assert.equal(meanOf(noLength), 0)
})
