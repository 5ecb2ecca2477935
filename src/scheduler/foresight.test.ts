import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Offering } from '../fleet/offering.ts'
import { Foresight } from './foresight.ts'
import { rigOf } from './rig.test-helper.ts'

const offering: Offering = rigOf({ box: {} }).fleet.offering('m')!

/** Waits are `times` as long as reckoned, and each is told what is known by then. */
function afterMany(times: number): number {
  const foresight = new Foresight()
  for (let at = 0; at < 300; at += 1) {
    const reckonedMs = 1_000 + (at % 7) * 500
    foresight.learn(offering, foresight.factor(offering) * reckonedMs, times * reckonedMs, false)
  }
  return foresight.factor(offering)
}

test('before anything was seen, waits are what they are reckoned to be', () => {
  assert.equal(new Foresight().factor(offering), 1)
})

for (const times of [0.7, 1, 1.4, 1.7]) {
  test(`where people wait ${times} times as long as reckoned, that is what they are told in the end`, () => {
    const factor = afterMany(times)
    assert.ok(Math.abs(factor - times) < 0.02, `${factor}`)
  })
}

test('whatever is seen, an error never goes on without end', () => {
  assert.equal(afterMany(0.01), 0.6)
  assert.equal(afterMany(100), 1.8)
  const wait = fc.record({
    foretoldMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
    waitedMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
    inVain: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(wait, { maxLength: 200 }), (waits) => {
      const foresight = new Foresight()
      for (const { foretoldMs, waitedMs, inVain } of waits) {
        const before = foresight.factor(offering)
        foresight.learn(offering, foretoldMs, waitedMs, inVain)
        const factor = foresight.factor(offering)
        assert.ok(factor >= 0.6 && factor <= 1.8)
        // One wait, however odd, is one of many.
        assert.ok(factor / before < 1.08 && before / factor < 1.08, `${before} ${factor}`)
      }
    }),
  )
})

test('one who gave up before its time tells nothing, and one who waited longer in vain does', () => {
  const foresight = new Foresight()
  foresight.learn(offering, 5_000, 2_000, true)
  assert.equal(foresight.factor(offering), 1)
  foresight.learn(offering, 5_000, 8_000, true)
  assert.ok(foresight.factor(offering) > 1)
})

test('who hardly had to wait tells nothing', () => {
  const foresight = new Foresight()
  foresight.learn(offering, 199, 60_000, false)
  assert.equal(foresight.factor(offering), 1)
})

test('what is learned of one model is not held against another', () => {
  const foresight = new Foresight()
  foresight.learn(offering, 1_000, 9_000, false)
  assert.ok(foresight.factor(offering) > 1)
  assert.equal(foresight.factor({ ...offering, name: 'other' }), 1)
})
