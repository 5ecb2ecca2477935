import assert from 'node:assert/strict'
import { test } from 'node:test'
import { meanOf } from '../core/length.ts'
import { Lengths } from './lengths.ts'
import { callerOf, rigOf } from './rig.test-helper.ts'

const { ask } = rigOf({})
const terse = ask({ caller: callerOf('terse'), outputTokensMax: undefined })
const wordy = ask({ caller: callerOf('wordy'), outputTokensMax: undefined })

test('each caller has a length of its own, and a new one that of all', () => {
  const lengths = new Lengths()
  for (let at = 0; at < 60; at += 1) {
    lengths.learn(terse, 18 + (at % 5))
    lengths.learn(wordy, 380 + (at % 41))
  }
  assert.ok(Math.abs(meanOf(lengths.of(terse)) - 20) < 4, `${meanOf(lengths.of(terse))}`)
  assert.ok(Math.abs(meanOf(lengths.of(wordy)) - 400) < 40, `${meanOf(lengths.of(wordy))}`)
  assert.ok(lengths.of(wordy).sigma < 0.4, `${lengths.of(wordy).sigma}`)
  const stranger = lengths.of(ask({ caller: callerOf('new'), outputTokensMax: undefined }))
  assert.ok(stranger.sigma > 0.8, 'of whom nothing is known but that callers differ')
})

test('what the caller allows is a bound, and an answer that reached it would have been longer', () => {
  const lengths = new Lengths()
  for (let at = 0; at < 40; at += 1) lengths.learn(wordy, 400)
  const capped = { ...wordy, outputTokensMax: 50 }
  assert.ok(meanOf(lengths.of(capped)) <= 50)
  for (let at = 0; at < 40; at += 1) lengths.learn(capped, 50)
  assert.ok(Math.abs(meanOf(lengths.of(wordy)) - 400) < 20, `${meanOf(lengths.of(wordy))}`)
})

test('vectors have no length', () => {
  assert.equal(meanOf(new Lengths().of(ask({ needs: ['vectors'] }))), 0)
})

test('thousands of callers who come once do not fill the memory', () => {
  const lengths = new Lengths()
  for (let at = 0; at < 10_000; at += 1) lengths.learn({ ...terse, caller: callerOf(`visitor-${at}`) }, 20)
  assert.ok(Math.abs(meanOf(lengths.of(terse)) - 20) < 3, 'and what is known of all is kept')
})
