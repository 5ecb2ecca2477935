import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Ask } from './ask.ts'
import { Fault } from './fault.ts'
import { comparisonsOf } from './prediction.ts'
import type { Outcome } from './reply.ts'

const stream = { stream: true, needs: ['chat'] } as unknown as Ask

const outcome = (over: Partial<Outcome> = {}): Outcome => ({
  usage: { promptTokens: 1, outputTokens: 1 },
  upstream: 'box',
  tier: 0,
  attempts: 1,
  waitMs: 200,
  firstTokenMs: 400,
  totalMs: 900,
  predicted: { waitMs: 100, firstTokenMs: 800, totalMs: 900 },
  fault: undefined,
  ...over,
})

const told = (ask: Ask, over?: Partial<Outcome>): unknown[] =>
  comparisonsOf(ask, outcome(over)).map(({ what, ratio, factor }) => [what, ratio, factor])

suite('What came is held against what was predicted', () => {
  test('for the wait, the first token and the whole, as a ratio and to either side', () => {
    assert.deepEqual(told(stream), [
      ['wait', 2, 2],
      ['first_token', 0.5, 2],
      ['total', 1, 1],
    ])
  })

  test('but for no wait where none was foreseen and none came, nor for the first token of an answer in one piece', () => {
    const predicted = { waitMs: 0, firstTokenMs: 400, totalMs: 900 }
    assert.deepEqual(told({ ...stream, stream: false }, { waitMs: 0, predicted }), [['total', 1, 1]])
    assert.deepEqual(told({ ...stream, needs: ['vectors'] }, { waitMs: 0, predicted }), [['total', 1, 1]])
  })

  test('and what takes less than a hundredth of a second is as good as that', () => {
    assert.deepEqual(told(stream, { waitMs: 3, predicted: { waitMs: 0, firstTokenMs: 400, totalMs: 900 } })[0], [
      'wait',
      1,
      1,
    ])
  })

  test('only for what was served, and was predicted', () => {
    assert.deepEqual(told(stream, { predicted: undefined }), [])
    assert.deepEqual(told(stream, { fault: new Fault('upstream-broke', 'It broke.') }), [])
  })
})
