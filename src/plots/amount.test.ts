import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amountIn } from './amount.ts'

test('a number is said as people say it', () => {
  const said = [0.05, 3, 42.34, 999, 1_234, 90_000, 300_000, 9_000_000].map((ms) => amountIn(ms, 'ms'))
  assert.deepEqual(said, ['50 µs', '3 ms', '42.3 ms', '999 ms', '1.23 s', '90 s', '5 min', '2.5 h'])
  assert.deepEqual(
    [
      amountIn(0.999, 'share'),
      amountIn(0.9999, 'share'),
      amountIn(0.5, 'share'),
      amountIn(1_500, ''),
      amountIn(15_000, 'tokens/s'),
    ],
    ['99.9 %', '99.99 %', '50 %', '1500', '15k tokens/s'],
  )
  assert.deepEqual([amountIn(-12_000_000, '$'), amountIn(0, 'ms'), amountIn(0, '')], ['-$12M', '0', '0'])
})

test('what never came and what nobody knows are said to be so', () => {
  assert.deepEqual([amountIn(Infinity, 'ms'), amountIn(NaN, 'ms')], ['never', '–'])
})
