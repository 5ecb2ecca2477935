import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Promptness } from './promptness.ts'

test('until a few have come nothing is too late', () => {
  const promptness = new Promptness()
  for (let i = 0; i < 29; i += 1) promptness.learn(100, 100)
  assert.equal(promptness.latestMs(100), undefined)
  promptness.learn(100, 100)
  assert.equal(promptness.latestMs(100), 100)
})

test('of a hundred one may be as late as it likes, and long prompts may take longer', () => {
  const promptness = new Promptness()
  for (let i = 0; i < 128; i += 1) promptness.learn(100, i === 60 ? 60_000 : 100 + i)
  assert.equal(promptness.latestMs(100), 227)
  assert.equal(promptness.latestMs(1_000), 2_270)
})

test('two that were given up are enough to wait longer for the next, and the past is forgotten', () => {
  const promptness = new Promptness()
  for (let i = 0; i < 128; i += 1) promptness.learn(100, 100)
  for (let i = 0; i < 2; i += 1) promptness.ended(100, { firstTokenMs: undefined, totalMs: 300 }, 'failed')
  assert.equal(promptness.latestMs(100), 300)
  for (let i = 0; i < 128; i += 1) promptness.ended(100, { firstTokenMs: 110, totalMs: 500 }, 'served')
  assert.ok(Math.abs(promptness.latestMs(100)! - 110) < 0.001)
})

test('one whose caller left early says nothing', () => {
  const promptness = new Promptness()
  for (let i = 0; i < 128; i += 1) promptness.learn(100, 100)
  for (let i = 0; i < 9; i += 1) promptness.ended(100, { firstTokenMs: undefined, totalMs: 90 }, 'ignored')
  assert.equal(promptness.latestMs(100), 100)
})
