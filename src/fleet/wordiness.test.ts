import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Wordiness } from './wordiness.ts'

test('what servers count moves the estimate of that model, and of no other', () => {
  const wordiness = new Wordiness()
  for (let i = 0; i < 60; i += 1) wordiness.learn('m', 1_000, 1_800)
  assert.ok(Math.abs(wordiness.estimate('m', 1_000) - 1_800) < 20, String(wordiness.estimate('m', 1_000)))
  assert.equal(wordiness.estimate('other', 1_000), 1_000)
})

test('one odd answer does not turn it over, and short ones teach nothing', () => {
  const wordiness = new Wordiness()
  wordiness.learn('m', 100, 100_000)
  assert.ok(wordiness.estimate('m', 1_000) <= 3_000)
  const short = new Wordiness()
  for (let i = 0; i < 60; i += 1) short.learn('m', 2, 30)
  assert.equal(short.estimate('m', 1_000), 1_000)
})
