import assert from 'node:assert/strict'
import { test } from 'node:test'
import { between, ladder } from './ladder.ts'
import type { Step } from './step.ts'
import type { Tuning } from './search.ts'
import { type Bounds, sweetSpot } from './sweet-spot.ts'
import { whyOf as sentencesOf } from './why.ts'

const whyOf = (tuning: Omit<Tuning, 'drift'>, bounds: Bounds): string => sentencesOf(tuning, bounds).join(' ')

const step = (concurrency: number, tokensPerSecond: number, more: Partial<Step> = {}): Step => ({
  concurrency,
  tokensPerSecond,
  answers: 8,
  firstTokenMs: { p50: 100, p95: 120 },
  tokenMs: { p50: 20, p95: 25 },
  fault: undefined,
  others: undefined,
  memory: undefined,
  times: 1,
  ...more,
})

const late = { firstTokenMs: { p50: 900, p95: 2_000 } }
const failed = { fault: { kind: 'upstream-broke', text: 'The server box broke the connection.' } }

test('the steps go up by half or by a third, and end at the most', () => {
  assert.deepEqual([...ladder(64)], [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64])
  assert.deepEqual([...ladder(5)], [1, 2, 3, 4, 5])
  assert.deepEqual([...ladder(1)], [1])
})

test('between two steps there is a middle until they are as near as makes no difference', () => {
  assert.equal(between(4, 6), 5)
  assert.equal(between(4, 5), undefined)
  assert.equal(between(32, 48), 40)
  assert.equal(between(32, 36), undefined)
})

test('the fewest that give 95 of 100 of the best are the answer', () => {
  const steps = [step(1, 40), step(2, 70), step(4, 96), step(6, 100), step(8, 99)]
  assert.equal(sweetSpot(steps, {})?.concurrency, 4)
  assert.equal(
    whyOf({ steps, best: steps[2], stopped: 'no-gain' }, {}),
    'It gives 96 % of the most that was seen, 100 tokens/s with 6 at once. With 8 at once there was no more to gain.',
  )
})

test('a number with which somebody waits too long is neither the answer nor the measure of it', () => {
  const steps = [step(1, 40), step(2, 70), step(4, 140, late)]
  assert.equal(sweetSpot(steps, {})?.concurrency, 2)
  assert.equal(
    whyOf({ steps, best: steps[1], stopped: 'too-slow' }, {}),
    'Of all that was tried it gives the most. With 4 at once one of twenty first tokens takes longer than 2.0 s ' +
      '(the bound is 1.4 s, four times as long as one alone and a second).',
  )
  assert.equal(sweetSpot(steps, { firstTokenMs: 3_000 })?.concurrency, 4)
  assert.equal(sweetSpot(steps, { firstTokenMs: 3_000, tokenMs: 24 })?.concurrency, 1)
})

test('where one alone is too slow, one is the answer, and it says so', () => {
  const steps = [step(1, 40)]
  const bounds = { tokenMs: 10 }
  const best = sweetSpot(steps, bounds)
  assert.equal(best?.concurrency, 1)
  assert.equal(
    whyOf({ steps, best, stopped: 'too-slow' }, bounds),
    'Already with one at once a token takes 25 ms (the bound is 10 ms).',
  )
})

test('what failed is never the answer, and is said with its reason', () => {
  const steps = [step(1, 40), step(2, 70), step(3, 200, failed)]
  const best = sweetSpot(steps, {})
  assert.equal(best?.concurrency, 2)
  assert.match(
    whyOf({ steps, best, stopped: 'broke' }, {}),
    /With 3 at once a request failed, so no more was tried: The server box broke the connection\.$/,
  )
  const first = [step(1, 0, failed)]
  assert.equal(sweetSpot(first, {}), undefined)
  assert.match(whyOf({ steps: first, best: undefined, stopped: 'broke' }, {}), /^With 1 at once a request failed/)
})

test('what was not tried is said', () => {
  const steps = [step(1, 40), step(2, 80)]
  const best = steps[1]
  assert.match(whyOf({ steps, best, stopped: 'max' }, {}), / No more than 2 at once were tried\.$/)
  assert.match(whyOf({ steps, best, stopped: 'memory' }, {}), / With more than 2 at once the server's memory for/)
  assert.equal(whyOf({ steps: [], best: undefined, stopped: 'interrupted' }, {}), 'It was ended before all was tried.')
})
