import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Promptness } from './promptness.ts'

const learned = (...seen: readonly (readonly [expectedMs: number, tookMs: number])[]): Promptness => {
  const promptness = new Promptness()
  for (let at = 0; at < 100; at += 1) promptness.learn(...seen[at % seen.length]!)
  return promptness
}

test('what pauses now and then for as long is given so much longer, not so many times as long', () => {
  const promptness = learned([20, 25], [20, 30], [20, 620])
  assert.equal(promptness.latestMs(20), 620)
  assert.equal(promptness.latestMs(100), 700)
})

test('a prompt far longer than any before may take twice as long as is thought', () => {
  assert.equal(learned([20, 25], [20, 620]).latestMs(30_000), 60_000)
})

test('a server that takes as long as is thought, be it long or short, is not waited for much longer', () => {
  const promptness = learned([100, 110], [10_000, 11_000])
  assert.ok(Math.abs(promptness.latestMs(100)! - 110) < 1)
  assert.ok(Math.abs(promptness.latestMs(10_000)! - 11_000) < 1)
})
