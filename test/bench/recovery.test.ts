import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Heard } from '../../bench/recovery/ask.ts'
import { Refusals, waitsIn } from '../../bench/recovery/refusals.ts'
import { costOf, cutCostOf, cutInto } from '../../bench/recovery/sums.ts'

const heard = (more: Partial<Heard>): Heard => ({
  id: 'q',
  askedAt: 0,
  pieces: [10],
  endedAt: 20,
  ending: 'whole',
  wasPassedOn: false,
  ...more,
})

test('who never had an answer is counted, and does not make the others look slower or quicker', () => {
  const met = [heard({ pieces: [30] }), heard({ pieces: [], ending: 'failed', endedAt: 60_000 })]
  const cost = costOf({ met, well: [heard({})] })
  assert.equal(cost.samples, 2)
  assert.equal(cost.failed, 0.5)
  assert.deepEqual([cost.usualP50, cost.firstP50, cost.firstP99, cost.toldP50], [10, 30, 30, 60_000])
})

test('of an answer that is carried on, the next word is the first that the other server can have said', () => {
  const goneOn = { heard: heard({ pieces: [100, 101, 140], endedAt: 200 }), diedAt: 99, askedOnAt: 110 }
  const ended = { heard: heard({ pieces: [90], endedAt: 105, ending: 'broken' }), diedAt: 99, askedOnAt: undefined }
  const cost = cutCostOf([goneOn, ended])
  assert.deepEqual(cost.heard, [41, 6])
  assert.deepEqual(cost.askedOn, [11])
  assert.equal(cost.goneOn, 0.5)
})

test('an answer that was with the other server all along was not asked on', () => {
  assert.deepEqual(cutCostOf([{ heard: heard({ endedAt: 30 }), diedAt: 20, askedOnAt: 5 }]).askedOn, [])
})

test('parts keep the order and lose nothing', () => {
  assert.deepEqual(cutInto([1, 2, 3, 4, 5], 2), [
    [1, 2, 3],
    [4, 5],
  ])
  assert.deepEqual(cutInto([], 5), [])
})

test('who stood in line before it was refused is told late only by what came on top of that', () => {
  const refusals = new Refusals()
  const [door, line, lost, vanished] = [0, 0, 0, 0].map(() => refusals.nextId())
  refusals.told(door!, 3)
  refusals.told(line!, 410)
  refusals.told(lost!, 2)
  refusals.told(vanished!, 8_000)
  const log = [
    { event: 'ask-settled', id: door, status: 429, wait_ms: 0.4 },
    { event: 'ask-settled', id: line, status: 429, wait_ms: 400 },
    { event: 'ask-settled', id: 'another', status: 200, wait_ms: 7 },
    { event: 'notice', text: 'ask-settled' },
  ]
  const waitsMs = waitsIn(log.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
  assert.deepEqual(refusals.times(waitsMs), { refusedMs: [3, 10, 2], insideMs: [0.4] })
})
