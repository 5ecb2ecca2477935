import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { base64Of, floatsOf } from './floats.ts'

test('floats of 32 bits survive base64 exactly, down to the sign of nothing', () => {
  fc.assert(
    fc.property(fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }), (floats) =>
      assert.deepEqual(floatsOf(base64Of(floats)), floats),
    ),
  )
})

test('the low byte comes first', () => {
  assert.equal(base64Of([1, -2]), Buffer.from([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]).toString('base64'))
})

test('bytes that come out uneven are no floats', () => {
  assert.equal(floatsOf(Buffer.from([1, 2, 3]).toString('base64')), undefined)
  assert.equal(floatsOf(''), undefined)
})
