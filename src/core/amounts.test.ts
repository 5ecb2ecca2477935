import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as check, bigInt, property } from 'fast-check'
import { amountOf } from './amounts.ts'

test('amounts of money are exact to the last billionth', () => {
  check(
    property(bigInt(0n, BigInt(Number.MAX_SAFE_INTEGER)), (nano) => {
      const text = amountOf('nano', Number(nano))
      assert.match(text, /^\d+\.\d{2,9}$/)
      const [whole = '', digits = ''] = text.split('.')
      assert.equal(BigInt(whole) * 1_000_000_000n + BigInt(digits.padEnd(9, '0')), nano)
    }),
  )
})

test('each amount has the digits that it takes', () => {
  const amounts = [
    amountOf('nano', 0),
    amountOf('nano', 1),
    amountOf('tokens', 12),
    amountOf('gpuMs', 1_500),
    amountOf('gpuMs', 2_000.4),
  ]
  assert.deepEqual(amounts, ['0.00', '0.000000001', '12', '1.5', '2'])
})
