import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as check, integer, property } from 'fast-check'
import type { Outcome } from '../core/reply.ts'
import { someAsk } from '../../test/telemetry/asks.ts'
import { Advice, type Home } from './advice.ts'
import { erlangLoss, lostWith } from './second-machine.ts'

const homes: readonly Home[] = [{ upstream: 'gpu-1', places: 4 }]

function advised(spillShare = 0.1) {
  let now = 0
  const advice = new Advice({ world: { now: () => now }, homesOf: () => homes, spillShare: () => spillShare })
  const asked = (times: number, over: Partial<Outcome>): void => {
    for (let time = 0; time < times; time += 1) {
      const usual = {
        usage: { promptTokens: 1, outputTokens: 1 },
        upstream: 'gpu-1',
        tier: 0,
        attempts: 1,
        waitMs: 1_200,
      }
      const outcome = { ...usual, firstTokenMs: 1_500, totalMs: 61_200, fault: undefined, ...over }
      advice.listen({ type: 'ask-settled', ask: someAsk(), outcome })
    }
  }
  return { advice, asked, pass: (minutes: number) => (now += minutes * 60_000) }
}

const spilled = { upstream: 'haiku', tier: 1, spilled: true, costNano: 3_000_000 }

test('a machine that is too small is told of with what it costs and what a second one would keep', () => {
  const { advice, asked, pass } = advised()
  for (let minute = 0; minute < 60; minute += 1) {
    pass(minute === 0 ? 0 : 1)
    asked(3, {})
    if (minute % 2 === 0) asked(1, spilled)
  }
  assert.equal(
    advice.text,
    'In the last hour 30 of 210 requests (14.3 %) went to the cloud although there are machines at home for them: those are too few. ' +
      '30 were for llama3.1:8b, which is at home on gpu-1 (4 at once); those kept there waited 1.2 s on average. ' +
      'The cloud cost $0.09000 for it; at this rate $2.16 a day and $64.80 a month. ' +
      'A second machine like gpu-1 would have kept 28 or more of the 30 at home.',
  )
})

test('nothing is said of few requests, of few that leave, or of an hour ago', () => {
  const few = advised()
  few.asked(30, {})
  few.asked(19, spilled)
  assert.equal(few.advice.text, undefined)
  few.asked(1, {})
  assert.match(few.advice.text!, /19 of 50/)

  const rare = advised()
  rare.asked(180, {})
  rare.asked(20, spilled)
  assert.equal(rare.advice.text, undefined)
  rare.pass(20)
  rare.asked(10, spilled)
  assert.match(rare.advice.text!, /30 of 210/)
  rare.pass(45)
  rare.asked(60, {})
  assert.match(rare.advice.text!, /10 of 70/)
  rare.pass(30)
  rare.asked(1, {})
  assert.equal(rare.advice.text, undefined)
})

test('a request for what only the cloud has speaks of no machine, and one that nobody served counts for nothing', () => {
  const { advice, asked } = advised()
  asked(100, { upstream: 'haiku', tier: 1, spilled: false })
  asked(100, { attempts: 0, upstream: '', spilled: false })
  assert.equal(advice.text, undefined)
  asked(11, spilled)
  assert.equal(advice.text, undefined)
  asked(1, spilled)
  assert.match(advice.text!, /12 of 112/)
})

test('the loss of a random stream is as the tables say', () => {
  assert.ok(Math.abs(erlangLoss(2, 4) - 0.0952) < 1e-4)
  assert.ok(Math.abs(erlangLoss(10, 10) - 0.2146) < 1e-4)
  assert.equal(erlangLoss(0, 3), 0)
})

test('more places never lose more, and never less than nothing', () => {
  check(
    property(
      integer({ min: 1, max: 64 }),
      integer({ min: 1, max: 64 }),
      integer({ min: 1, max: 99 }),
      (places, more, lost) => {
        for (const busy of [0, places / 3, places]) {
          const crowded = { places, busy, lost: lost / 100 }
          const after = lostWith(more, crowded)
          assert.ok(after >= 0 && after <= crowded.lost, `${after}`)
          assert.ok(lostWith(more + 1, crowded) <= after)
        }
      },
    ),
  )
})
