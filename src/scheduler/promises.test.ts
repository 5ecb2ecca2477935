import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Ask } from '../core/ask.ts'
import type { Offering } from '../fleet/offering.ts'
import { Promises } from './promises.ts'
import { callerOf, rigOf } from './rig.test-helper.ts'

/** How long after its time a promise is still kept. */
const graceMs = 3_000

function setting(): { promises: Promises; offering: Offering; ask: (text: string, more?: Partial<Ask>) => Ask } {
  const { ask, fleet } = rigOf({ box: {} })
  return {
    promises: new Promises(),
    offering: fleet.offering('m')!,
    ask: (text, more) => ask({ raw: Buffer.from(text), ...more }),
  }
}

const about = (value: number, wanted: number): void => assert.ok(Math.abs(value - wanted) < 1e-6, `${value}`)

test('all that was promised is kept, as likely as people come back, and of it those who are due while one would wait', () => {
  const { promises, offering, ask } = setting()
  promises.make(ask('one'), offering, { cost: 1_000, dueAt: 5_000 })
  promises.make(ask('other'), offering, { cost: 500, dueAt: 20_000 })
  const { isExpected, soonCost, allCost } = promises.keptFor(ask('new'), offering, { now: 0, until: 8_000, cost: 100 })
  assert.equal(isExpected, false)
  about(soonCost, 0.9 * 1_000)
  about(allCost, 0.9 * 1_500)
})

test('whoever comes back is known by who it is and what it sends, from a little before its time to a while after', () => {
  const { promises, offering, ask } = setting()
  promises.make(ask('mine'), offering, { cost: 1_000, dueAt: 5_000 })
  const isDue = (one: Ask, now: number): boolean => promises.isDue(one, offering, now)
  assert.deepEqual(
    [4_699, 4_700, 5_000, 5_000 + graceMs, 5_001 + graceMs].map((now) => isDue(ask('mine'), now)),
    [false, true, true, true, false],
  )
  for (const [what, other] of Object.entries({
    'another text': ask('nice'),
    'a longer text': ask('mine, too'),
    'another caller': ask('mine', { caller: callerOf('another') }),
    'another model': ask('mine', { model: 'M2' }),
    'another size': ask('mine', { promptTokens: 101 }),
  }))
    assert.equal(isDue(other, 5_000), false, what)
})

test('of what others were promised only so much goes before one as its caller has promised and asks for itself', () => {
  const { promises, offering, ask } = setting()
  const promise = (id: string, cost: number): void =>
    promises.make(ask(`${id} ${cost}`, { caller: callerOf(id) }), offering, { cost, dueAt: 5_000 })
  for (const [id, cost] of [
    ['many', 3_000],
    ['many', 4_000],
    ['few', 200],
    ['own', 500],
  ] as const)
    promise(id, cost)
  const keptFor = (id: string, cost: number): number =>
    promises.keptFor(ask('new', { caller: callerOf(id) }), offering, { now: 0, until: 9_000, cost }).allCost
  about(keptFor('own', 100), 0.9 * (500 + 600 + 200))
  about(keptFor('nobody', 100), 0.9 * (100 + 100 + 100))
  about(keptFor('many', 100), 0.9 * (7_000 + 200 + 500))
})

test('who is expected finds nothing kept from it of what is its own', () => {
  const { promises, offering, ask } = setting()
  promises.make(ask('mine'), offering, { cost: 1_000, dueAt: 5_000 })
  promises.make(ask('yours'), offering, { cost: 10, dueAt: 6_000 })
  const { isExpected, allCost } = promises.keptFor(ask('mine'), offering, { now: 5_000, until: 9_000, cost: 100 })
  assert.equal(isExpected, true)
  about(allCost, 0.9 * 10)
})

test('a promise is claimed once, and of two alike each has its own', () => {
  const { promises, offering, ask } = setting()
  for (let at = 0; at < 2; at += 1) promises.make(ask('same'), offering, { cost: 1_000, dueAt: 5_000 })
  const come = (): boolean => {
    const isDue = promises.isDue(ask('same'), offering, 5_000)
    promises.keep(ask('same'), offering, 5_000)
    return isDue
  }
  assert.deepEqual([come(), come(), come()], [true, true, false])
  assert.equal(promises.keptFor(ask('new'), offering, { now: 5_000, until: 9_000, cost: 100 }).allCost, 0)
})

test('what is promised of one model is nothing to another', () => {
  const { promises, offering, ask } = setting()
  promises.make(ask('mine'), offering, { cost: 1_000, dueAt: 5_000 })
  const other = { ...offering, name: 'other' }
  assert.equal(promises.isDue(ask('mine'), other, 5_000), false)
  assert.equal(promises.keptFor(ask('new'), other, { now: 5_000, until: 9_000, cost: 100 }).allCost, 0)
})

test('who does not come in time is forgotten, whenever the others are due, and fewer are counted on from then', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ cost: fc.integer({ min: 1, max: 9_000 }), dueAt: fc.integer({ min: 0, max: 60_000 }) }), {
        maxLength: 40,
      }),
      fc.integer({ min: 0, max: 70_000 }),
      (made, now) => {
        const { promises, offering, ask } = setting()
        for (const [at, one] of made.entries()) promises.make(ask(`text ${at}`), offering, one)
        const left = made.filter(({ dueAt }) => now <= dueAt + graceMs)
        const comeBack = 0.9 * 0.95 ** (made.length - left.length)
        const { allCost } = promises.keptFor(ask('new'), offering, { now, until: now, cost: 100 })
        about(allCost, left.reduce((sum, { cost }) => sum + cost, 0) * comeBack)
      },
    ),
  )
})

for (const share of [0.2, 0.7, 1]) {
  test(`where ${share * 100} in a hundred come back, about so much is kept after a while`, () => {
    const { promises, offering, ask } = setting()
    let come = 0
    for (let at = 0; at < 300; at += 1) {
      const now = at * 10_000
      promises.make(ask(`text ${at}`), offering, { cost: 1, dueAt: now + 1_000 })
      come += share
      if (come >= 1) {
        come -= 1
        promises.keep(ask(`text ${at}`), offering, now + 1_000)
      }
      promises.keptFor(ask('new'), offering, { now: now + 9_000, until: now + 9_000, cost: 100 })
    }
    promises.make(ask('last'), offering, { cost: 1, dueAt: 4_000_000 })
    const { allCost } = promises.keptFor(ask('new'), offering, { now: 3_500_000, until: 5_000_000, cost: 100 })
    assert.ok(Math.abs(allCost - share) < 0.12, `${allCost}`)
  })
}
