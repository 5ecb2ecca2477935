import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pace, type Served } from './pace.ts'

const served = (more: Partial<Served> = {}): Served => ({
  promptTokens: 500,
  outputTokens: 100,
  firstTokenMs: 250,
  totalMs: 2_250,
  alone: true,
  cold: false,
  batch: 1,
  ...more,
})

test('it learns how long a first token and a whole answer take', () => {
  const pace = new Pace()
  for (let at = 0; at < 60; at += 1) {
    const promptTokens = 100 + (at % 10) * 200
    const firstTokenMs = 100 + promptTokens
    pace.learn(served({ promptTokens, firstTokenMs, totalMs: firstTokenMs + 3_000 }), at)
  }
  assert.ok(Math.abs(pace.firstTokenMs(1_000, { fullness: 0, cold: false, now: 60 }) - 1_100) < 20)
  assert.ok(Math.abs(pace.expectedHoldMs(1_000, 200, 1) - 7_100) < 100)
})

test('a crowd is never learned as the norm', () => {
  const pace = new Pace()
  for (let at = 0; at < 10; at += 1) pace.learn(served(), at)
  for (let at = 0; at < 500; at += 1) pace.learn(served({ firstTokenMs: 4_000, totalMs: 6_000, alone: false }), at)
  assert.ok(pace.firstTokenMs(500, { fullness: 0, cold: false, now: 500 }) < 300, 'idle it is still quick')
  assert.ok(pace.firstTokenMs(500, { fullness: 1, cold: false, now: 500 }) > 3_000, 'full it is as slow as of late')
})

test('the quickest of a crowd stands in until one was alone', () => {
  const pace = new Pace()
  for (const firstTokenMs of [4_000, 250, 2_000, 8_000]) pace.learn(served({ firstTokenMs, alone: false }), 0)
  assert.ok(pace.firstTokenMs(500, { fullness: 0, cold: false, now: 0 }) < 300)
})

test('an ask that waited for its model to load teaches only how long loading takes', () => {
  const pace = new Pace()
  for (let at = 0; at < 10; at += 1) pace.learn(served(), at)
  for (let at = 0; at < 10; at += 1) pace.learn(served({ firstTokenMs: 20_250, totalMs: 22_250, cold: true }), at)
  assert.ok(pace.firstTokenMs(500, { fullness: 1, cold: false, now: 10 }) < 300)
  assert.ok(Math.abs(pace.loadMs - 20_000) < 100)
})

test('what an idle server once was is forgiven slowly, so that it is tried again', () => {
  const pace = new Pace()
  for (let at = 0; at < 10; at += 1) pace.learn(served({ firstTokenMs: 8_000 }), 0)
  assert.ok(Math.abs(pace.firstTokenMs(500, { fullness: 0, cold: false, now: 300_000 }) - 4_000) < 10)
  assert.ok(
    Math.abs(pace.firstTokenMs(500, { fullness: 0.5, cold: false, now: 300_000 }) - 8_000) < 10,
    'only while it is idle',
  )
})

test('between two tokens it takes longer the more are given at once, and what one alone takes is told from that', () => {
  const pace = new Pace()
  for (let at = 0; at < 60; at += 1) {
    const batch = 1 + (at % 8)
    const outputTokens = 51 + (at % 5) * 40
    pace.learn(served({ outputTokens, batch, totalMs: 250 + (outputTokens - 1) * (20 + 4 * batch) }), at)
  }
  for (const batch of [1, 4, 8, 16]) assert.ok(Math.abs(pace.stepMs(batch) - (20 + 4 * batch)) < 1, `${batch}`)
  assert.equal(pace.stepMs(0), pace.stepMs(1), 'whoever speaks is one')
  const heldMs = (batch: number): number => pace.expectedHoldMs(500, 100, batch)
  assert.ok(Math.abs(heldMs(8) - heldMs(1) - 100 * 28) < 100)
})

test('callers who leave before a first token teach that it takes at least so long, and nothing when it might still have come', () => {
  const slow = new Pace()
  for (let at = 0; at < 40; at += 1)
    slow.learnCut(served({ firstTokenMs: undefined, outputTokens: 0, totalMs: 3_000 }), at)
  assert.ok(slow.firstTokenMs(500, { fullness: 1, cold: false, now: 40 }) > 2_500)
  const quick = new Pace()
  for (let at = 0; at < 40; at += 1)
    quick.learnCut(served({ firstTokenMs: undefined, outputTokens: 0, totalMs: 50 }), at)
  assert.equal(quick.answers, 0)
})

test('callers who leave in the midst of an answer teach how fast it came, and nothing of a load', () => {
  const pace = new Pace()
  for (let at = 0; at < 40; at += 1) pace.learnCut(served({ firstTokenMs: 400, outputTokens: 11, totalMs: 900 }), at)
  assert.ok(Math.abs(pace.stepMs(1) - 50) < 2)
  const cold = new Pace()
  cold.learnCut(served({ firstTokenMs: 20_000, totalMs: 22_000, cold: true }), 0)
  assert.equal(cold.answers, 0)
})

test('a server that is too slow for everybody is known to be, though nobody stays to the end', () => {
  const pace = new Pace()
  const cut = served({ firstTokenMs: undefined, outputTokens: 0, totalMs: 3_000 })
  for (let at = 0; at < 10; at += 1) pace.learnCut(cut, at)
  assert.equal(pace.isLearned, true)
  assert.ok(pace.firstTokenMs(500, { fullness: 1, cold: false, now: 10 }) >= 2_900)
  const early = new Pace()
  for (let at = 0; at < 10; at += 1) early.learnCut(served({ firstTokenMs: undefined, totalMs: 20 }), at)
  assert.equal(early.isLearned, false, 'and of one that nobody waited for nothing is')
})
