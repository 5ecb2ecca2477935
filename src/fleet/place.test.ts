import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lengthOf } from '../core/length.ts'
import { Limit } from './limit.ts'
import { Place, type Stay } from './place.ts'

const guest = { promptTokens: 500, length: lengthOf(100, 0.1), stream: true, isTrial: false, alone: false }
const seen = { firstTokenMs: 250, outputTokens: 100 }

test('it has room up to its limit and again when one has ended', () => {
  const place = new Place(new Limit(2, 4))
  const first = place.begin(guest, 0)
  place.begin(guest, 0)
  assert.equal(place.hasRoom(0), false)
  place.end(first, 'ignored', seen, 10)
  assert.equal(place.hasRoom(10), true)
})

test('after it said it was busy it is left alone for a moment, longer each time, until it serves again', () => {
  const place = new Place(new Limit(4, 4))
  const refuse = (now: number): number => {
    place.end(place.begin(guest, now), 'overloaded', seen, now)
    return place.coolsUntil - now
  }
  assert.deepEqual([refuse(0), refuse(1_000), refuse(3_000)], [500, 1_000, 2_000])
  assert.equal(place.hasRoom(4_999), false)
  place.end(place.begin(guest, 5_000), 'served', seen, 5_250)
  assert.equal(refuse(6_000), 500)
})

test('the next room is predicted from when those inside came', () => {
  const place = new Place(new Limit(1, 1))
  for (let at = 0; at < 30; at += 1) {
    const stay = place.begin(guest, at * 4_000)
    place.end(stay, 'served', { firstTokenMs: 250, outputTokens: 100 }, at * 4_000 + 4_000)
  }
  place.begin(guest, 200_000).spokeAt = 200_250
  assert.ok(Math.abs(place.nextRoomMs(200_000) - 4_000) < 200)
  assert.ok(Math.abs(place.nextRoomMs(203_000) - 1_000) < 200)
  assert.ok(place.nextRoomMs(210_000) < 200, 'overdue: any moment now')
})

/** A place for one, where it is being tried whether there is room for two; it answers in four seconds. */
function trying(): Place {
  const limit = new Limit(2, 2)
  Object.defineProperty(limit, 'sure', { value: 1 })
  const place = new Place(limit)
  for (let at = 0; at < 30; at += 1) place.end(place.begin(guest, at * 4_000), 'served', seen, at * 4_000 + 4_000)
  return place
}

test('who is sent on trial beside those that surely fit is reckoned to stand in line until it speaks', () => {
  const place = trying()
  place.spoke(place.begin(guest, 200_000), 200_250)
  assert.ok(Math.abs(place.nextRoomMs(202_000) - 2_000) < 300, `${place.nextRoomMs(202_000)}`)
  const second = place.begin(guest, 202_000)
  assert.ok(Math.abs(place.nextRoomMs(202_010) - 6_000) < 500, `${place.nextRoomMs(202_010)}`)
  place.spoke(second, 202_250)
  assert.ok(place.nextRoomMs(202_300) < 4_500, `${place.nextRoomMs(202_300)}`)
})

test('a wait in line for a place on trial is not taken for slow reading', () => {
  const place = trying()
  for (let at = 200_000; at < 400_000; at += 10_000) {
    const first = place.begin(guest, at)
    const second = place.begin(guest, at)
    place.end(first, 'served', seen, at + 4_000)
    place.end(second, 'served', { ...seen, firstTokenMs: 4_250 }, at + 8_000)
  }
  place.begin(guest, 400_000)
  assert.ok(place.firstTokenMs(500, 400_000) <= 251, `${place.firstTokenMs(500, 400_000)}`)
})

test('an answer is expected to take longer beside others, and most when the place is full', () => {
  const place = new Place(new Limit(4, 4))
  let now = 0
  for (let turn = 0; turn < 30; turn += 1) {
    const beside = 1 + (turn % 4)
    const stays = Array.from({ length: beside }, () => place.begin(guest, now))
    now += 250 + 99 * 10 * beside
    for (const stay of stays) place.end(stay, 'served', seen, now)
  }
  const spokenMs = (whenFull: boolean): number => place.speechMs(100, whenFull)
  assert.ok(Math.abs(spokenMs(false) - 1_000) < 100, `alone ${spokenMs(false)}`)
  place.begin(guest, now)
  place.begin(guest, now)
  assert.ok(Math.abs(spokenMs(false) - 3_000) < 200, `as the third ${spokenMs(false)}`)
  assert.ok(Math.abs(spokenMs(true) - 4_000) < 200, `when full ${spokenMs(true)}`)
})

test('what an ask takes of a full place is what it holds its place, shared by all that are there', () => {
  const [one, four] = [new Place(new Limit(1, 1)), new Place(new Limit(4, 4))]
  for (const place of [one, four]) {
    for (let turn = 0; turn < 20; turn += 1) {
      const stays = Array.from({ length: place.limit.value }, () => place.begin(guest, turn * 5_000))
      for (const stay of stays) place.end(stay, 'served', seen, turn * 5_000 + 2_230)
    }
  }
  assert.ok(Math.abs(one.shareMs(500, 100) / four.shareMs(500, 100) - 4) < 0.2)
  assert.ok(one.shareMs(500, 200) > one.shareMs(500, 100) && one.shareMs(5_000, 100) > one.shareMs(500, 100))
})

test('a model that must be loaded predicts slow until it has served once', () => {
  const place = new Place(new Limit(1, 1))
  place.loaded = false
  const cold = place.firstTokenMs(500, 0)
  place.end(place.begin(guest, 0), 'served', { firstTokenMs: 3_000, outputTokens: 10 }, 4_000)
  assert.ok(cold >= 5_000)
  assert.ok(place.firstTokenMs(500, 4_000) < 1_000)
})

test('a model that was never loaded because that takes too long is tried again after a while', () => {
  const place = new Place(new Limit(1, 1))
  place.loaded = false
  assert.ok(place.firstTokenMs(500, 600_000) < place.firstTokenMs(500, 0) / 3)
})

test('where a server does not tell what is loaded, serving does not make it preferred to its like', () => {
  const place = new Place(new Limit(1, 1))
  place.end(place.begin(guest, 0), 'served', seen, 2_000)
  assert.equal(place.loaded, undefined)
})

interface Job {
  readonly stay: Stay
  readonly startedAt: number
  readonly outputTokens: number
  prefillLeftMs: number
  decodeLeftMs: number
  firstTokenMs: number | undefined
}

/** A server of `lanes` side by side, with a line before them that nobody sees from outside, and always more to do. */
function overload(lanes: number, initial: number): { places: number; shareOfCapacity: number } {
  const place = new Place(new Limit('auto', initial))
  const stepMs = 10
  const forMs = 240_000
  const jobs: Job[] = []
  let turn = 0
  let workMs = 0
  for (let now = 0; now < forMs; now += stepMs) {
    while (place.hasRoom(now)) {
      turn += 1
      const promptTokens = 100 + ((turn * 617) % 900)
      const outputTokens = 40 + ((turn * 389) % 120)
      const stay = place.begin(
        { ...guest, promptTokens, length: lengthOf(outputTokens, 0.1), alone: jobs.length === 0 },
        now,
      )
      if (jobs.length === 1) place.joined(now)
      jobs.push({
        stay,
        startedAt: now,
        outputTokens,
        prefillLeftMs: 50 + promptTokens * 0.2,
        decodeLeftMs: outputTokens * 20,
        firstTokenMs: undefined,
      })
    }
    for (const job of jobs.slice(0, lanes)) {
      if (now > forMs / 2) workMs += stepMs
      if (job.prefillLeftMs > 0) job.prefillLeftMs -= stepMs
      else job.decodeLeftMs -= stepMs
      if (job.prefillLeftMs > 0 || job.firstTokenMs !== undefined) continue
      job.firstTokenMs = now + stepMs - job.startedAt
      place.spoke(job.stay, now + stepMs)
    }
    for (const job of jobs.filter(({ decodeLeftMs }) => decodeLeftMs <= 0)) {
      jobs.splice(jobs.indexOf(job), 1)
      place.end(job.stay, 'served', { firstTokenMs: job.firstTokenMs, outputTokens: job.outputTokens }, now + stepMs)
    }
  }
  return { places: place.limit.value, shareOfCapacity: workMs / (lanes * (forMs / 2)) }
}

for (const lanes of [1, 4, 12]) {
  for (const initial of [1, 4, 24]) {
    test(`under overload it finds the ${lanes} lanes of a server, beginning with ${initial}, and keeps them busy`, () => {
      const { places, shareOfCapacity } = overload(lanes, initial)
      assert.ok(places <= 1.5 * lanes + 2, `it let ${places} in`)
      assert.ok(shareOfCapacity > 0.9, `it used ${(shareOfCapacity * 100).toFixed(0)} % of it`)
    })
  }
}

test('a place that reads five long prompts one after the other is not slow while it takes no longer than that', () => {
  const place = new Place(new Limit(8, 8))
  let now = 0
  for (let turn = 0; turn < 30; turn += 1) {
    const promptTokens = 2_000 + (turn % 5) * 2_000
    const firstTokenMs = promptTokens / 4
    const stay = place.begin({ ...guest, promptTokens, alone: true }, now)
    place.spoke(stay, now + firstTokenMs)
    now += firstTokenMs + 1_000
    place.end(stay, 'served', { firstTokenMs, outputTokens: 100 }, now)
  }
  const stays = Array.from({ length: 5 }, () => place.begin({ ...guest, promptTokens: 10_000 }, now))
  let slowest = 0
  for (const stay of stays) {
    now += 2_500
    slowest = Math.max(slowest, place.slowness.timesAt(now - 5))
    place.spoke(stay, now)
  }
  assert.ok(slowest < 1.1, `it was ${slowest} times as slow`)
  place.begin({ ...guest, promptTokens: 1_000 }, now)
  assert.ok(place.slowness.timesAt(now + 2_500) > 4, 'and this is slow')
})
