import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { quantile, quantileOfSorted } from './quantile.ts'

test('the middle of an even number of values lies between two of them', () => {
  assert.equal(quantile([4, 1, 3, 2], 0.5), 2.5)
  assert.equal(quantile([10, 0], 0.9), 9)
})

test('nothing has no quantile, and one value is all of its own', () => {
  assert.equal(quantile([], 0.5), NaN)
  assert.deepEqual([quantile([7], 0), quantile([7], 0.99), quantile([7], 1)], [7, 7, 7])
})

test('who never ends is later than all others, and makes no nonsense of them', () => {
  assert.equal(quantile([1, 2, Infinity, Infinity], 0), 1)
  assert.equal(quantile([1, Infinity, Infinity], 0.99), Infinity)
})

test('a higher share never has a lower value, and none lies outside of what there was', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), share, share, (values, one, other) => {
      const sorted = values.toSorted((a, b) => a - b)
      const [low, high] = [Math.min(one, other), Math.max(one, other)].map((at) => quantileOfSorted(sorted, at))
      assert.ok(low! <= high! + 1e-6 && low! >= sorted[0]! && high! <= sorted.at(-1)!)
      assert.equal(quantile(values, low!), quantileOfSorted(sorted, low!))
    }),
  )
})
