import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Reading } from './reading.ts'

test('it learns how long a prompt takes to be read, and that a longer one takes longer', () => {
  const reading = new Reading()
  assert.equal(reading.isKnown, false)
  for (let now = 0; now < 30_000; now += 1_000) reading.learn(400, 300, now)
  assert.ok(Math.abs(reading.msFor(400) - 300) < 1)
  assert.ok(reading.msFor(4_000) > 5 * reading.msFor(400))
})

test('most of what is seen being cut short, the longer part is believed', () => {
  const reading = new Reading()
  for (let now = 0; now < 30_000; now += 1_000) reading.learn(400, now % 2_000 === 0 ? 20 : 300, now)
  assert.ok(Math.abs(reading.msFor(400) - 300) < 1)
})

test('what is longer is believed slowly, what is shorter soon', () => {
  const reading = new Reading()
  let now = 0
  const learnFor = (ms: number, tookMs: number): number => {
    for (const until = now + ms; now < until; now += 500) reading.learn(400, tookMs, now)
    return reading.msFor(400)
  }
  learnFor(30_000, 100)
  assert.ok(learnFor(30_000, 1_000) < 400)
  assert.ok(learnFor(400_000, 1_000) > 900)
  assert.ok(learnFor(30_000, 100) < 150)
})

test('the way to a far server takes its time however many go it, and is known from who found nobody there', () => {
  const reading = new Reading()
  for (let at = 0; at < 10; at += 1) reading.came(50 + at * 200, 400 + at, true)
  // Under load somebody ends all the time, and nothing can be seen between two ends.
  for (let now = 0; now < 60_000; now += 100) reading.learn(400, 15, now)
  assert.ok(Math.abs(reading.msFor(100) - 400) < 20, `${reading.msFor(100)}`)
})

test('those who came after others teach it only where they were quicker', () => {
  const reading = new Reading()
  for (let at = 0; at < 5; at += 1) reading.came(400, 300, true)
  for (let at = 0; at < 50; at += 1) reading.came(400, 3_000, false)
  assert.ok(Math.abs(reading.msFor(400) - 300) < 1)
  for (let at = 0; at < 50; at += 1) reading.came(400, 100, false)
  assert.ok(reading.msFor(400) < 180)
})

test('one who speaks as soon as those who are alone has waited for nobody', () => {
  const reading = new Reading()
  assert.equal(reading.isPrompt(400, 1), false)
  for (let at = 0; at < 5; at += 1) reading.came(400, 600, true)
  assert.deepEqual([reading.isPrompt(400, 610), reading.isPrompt(400, 900)], [true, false])
})
