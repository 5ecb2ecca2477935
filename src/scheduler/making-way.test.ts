import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Cloud, Priority } from '../core/ask.ts'
import { lengthOf, meanOf } from '../core/length.ts'
import { usualShares } from '../core/shares.ts'
import { whoMakesWay } from './making-way.ts'
import { callerOf, rigOf } from './rig.test-helper.ts'
import { firstTry, type Situation } from './situation.ts'
import { costOf, type Outlook, spareMs } from './tiers.ts'
import { Queue, Waiting } from './waiting.ts'

const now = 10_000

interface Other {
  readonly caller: string
  readonly priority: Priority
  readonly cloud: Cloud
  readonly cost: number
  readonly outputTokens: number
  readonly patienceMs: number
}

interface Late {
  readonly caller: string
  readonly priority: Priority
  readonly outputTokens: number
  readonly lacksMs: number
  readonly speed: number
}

const arbitraryOther = fc.record<Other>({
  caller: fc.constantFrom('a', 'b', 'c'),
  priority: fc.constantFrom('interactive', 'default'),
  cloud: fc.constantFrom('allowed', 'allowed', 'never'),
  cost: fc.integer({ min: 10, max: 8_000 }),
  outputTokens: fc.integer({ min: 20, max: 1_000 }),
  // Of some it is over by now.
  patienceMs: fc.constantFrom(5_000, 60_000, 60_000),
})

const arbitraryLate = fc.record<Late>({
  caller: fc.constantFrom('a', 'b', 'late'),
  priority: fc.constantFrom('interactive', 'default'),
  outputTokens: fc.integer({ min: 20, max: 1_000 }),
  lacksMs: fc.integer({ min: 1, max: 1_500 }),
  speed: fc.constantFrom(1, 2.5),
})

/** A server at home and a cloud, for which some wait, and one more who is late by so much at home. */
function scene(others: readonly Other[], late: Late) {
  const { ask, fleet } = rigOf({ home: {}, cloud: { tier: 1 } })
  const offering = fleet.offering('m')!
  const queue = new Queue(offering, () => usualShares)
  const lateLength = lengthOf(late.outputTokens, 0.3)
  for (const { caller, cost, outputTokens, ...more } of others) {
    const length = lengthOf(outputTokens, 0.3)
    const asked = ask({ caller: callerOf(caller), arrivedAt: 0, ...more })
    const about = { avoid: firstTry, length, isDue: false, now: 0, predicted: undefined, onAbort: () => {} }
    queue.enter(new Waiting({ ask: asked, cost, ...about }))
  }
  const caller = callerOf(late.caller)
  const asked = ask({ caller, priority: late.priority, arrivedAt: now, patienceMs: 5_000 })
  const cost = costOf(offering, asked.promptTokens, meanOf(lateLength))
  const ahead = queue.fair.aheadOf({ caller, priority: late.priority, cost })
  const situation: Situation = {
    ask: asked,
    offering,
    avoid: firstTry,
    length: lateLength,
    delay: 1,
    caution: 1,
    ahead,
    now,
    desperate: false,
  }
  const promise = { waitMs: 0, totalMs: 0, isLearned: true, speed: late.speed }
  const home: Outlook = { ...promise, tier: 0, firstTokenMs: 5_000 + late.lacksMs, hasRoom: false }
  const cloud: Outlook = { ...promise, tier: 1, firstTokenMs: 500, hasRoom: true }
  const finding = { offer: offering.offers[1], outlooks: [home, cloud] }
  return { situation, home, finding, queue, cost, who: whoMakesWay(situation, finding, queue.all) }
}

/** Of what it says and four words more, for each millisecond of a machine that it leaves to others. */
const priceOf = ({ length }: Pick<Situation, 'length'>, cost: number): number => (4 + meanOf(length)) / cost

/** It is charged, it may leave, and it would be served before the late one, from which it keeps the time that is lacking. */
function mayStandIn({ ask, ticket, deadline }: Waiting, { situation, home }: ReturnType<typeof scene>): boolean {
  const { ahead } = situation
  return (
    ask.cloud === 'allowed' &&
    now < deadline &&
    ask.priority === situation.ask.priority &&
    ticket!.finish < ahead.finish &&
    ticket!.cost / home.speed >= -spareMs(situation, home)
  )
}

test('whoever makes way may leave, is before the late one and gains it what it lacks; of several and the late one itself it is the cheapest for what it leaves to others', () => {
  let found = 0
  fc.assert(
    fc.property(fc.array(arbitraryOther, { maxLength: 60 }), arbitraryLate, (others, late) => {
      const seen = scene(others, late)
      const price = (one: Waiting): number => priceOf(one, one.ticket!.cost)
      const able = Array.from(seen.queue.all).filter((one) => mayStandIn(one, seen))
      const least = Math.min(...able.map(price))
      const itself = priceOf(seen.situation, seen.cost)
      if (seen.who === undefined) assert.ok(itself <= least || seen.situation.ahead.count === 0)
      else {
        found += 1
        assert.ok(able.includes(seen.who))
        assert.equal(price(seen.who), least)
        assert.ok(least < itself)
      }
    }),
    { numRuns: 500 },
  )
  assert.ok(found > 20, `it was looked at ${found} times only`)
})

const other: Other = {
  caller: 'a',
  priority: 'default',
  cloud: 'allowed',
  cost: 2_000,
  outputTokens: 40,
  patienceMs: 60_000,
}
const late: Late = { caller: 'late', priority: 'default', outputTokens: 1_000, lacksMs: 300, speed: 1 }

test('one whose answer costs less for the time it takes goes, so that a dearer one is served at home', () => {
  const { who, queue } = scene([{ ...other, outputTokens: 80 }, other, { ...other, caller: 'b', cost: 1_500 }], late)
  assert.equal(who, [...queue.all][1])
})

test('nobody goes for one that is itself the cheapest, or for whom nothing at home is too late', () => {
  assert.equal(scene([other], { ...late, outputTokens: 20 }).who, undefined)
  const { situation, finding, queue } = scene([other], late)
  assert.equal(whoMakesWay(situation, { ...finding, outlooks: [finding.outlooks[1]!] }, queue.all), undefined)
})

test('of a long line only the first few are looked at', () => {
  const staying = Array.from({ length: 64 }, () => ({ ...other, cloud: 'never' as const }))
  assert.notEqual(scene([other, ...staying], late).who, undefined)
  assert.equal(scene([...staying, other], late).who, undefined)
})
