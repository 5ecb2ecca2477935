import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Demand } from './demand.ts'

test('what is asked for evenly is found to be asked for so often, early and late', () => {
  const demand = new Demand()
  for (let now = 0; now <= 300_000; now += 500) {
    demand.note(now)
    if (now < 20_000) continue
    const perSecond = demand.perMs(now) * 1_000
    assert.ok(Math.abs(perSecond - 2) < 0.1, `${perSecond} after ${now} ms`)
  }
})

test('what was asked for once is not asked for often, and after two minutes it is forgotten', () => {
  const demand = new Demand()
  demand.note(1_000)
  assert.equal(demand.perMs(2_000), 0)
  assert.equal(demand.isRecent(2_000), true)
  assert.equal(demand.isRecent(122_000), false)
})

test('demand fades when nobody asks any more', () => {
  const demand = new Demand()
  for (let now = 0; now <= 120_000; now += 1_000) demand.note(now)
  const [then, later, atLast] = [120_000, 150_000, 241_000].map((now) => demand.perMs(now))
  assert.ok(then! > 0.0009 && later! < then! && later! > 0, `${then} ${later}`)
  assert.equal(atLast, 0)
})
