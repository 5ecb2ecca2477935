import assert from 'node:assert/strict'
import { test } from 'node:test'
import { conclude, contradictions, type Finding } from '../../bench/report/conclusion.ts'

const finding = (value: number, more: Partial<Finding> = {}): Finding => ({
  id: 'a',
  what: 'something',
  value,
  unit: 'ms',
  bar: { most: 10 },
  kind: 'absolute',
  ...more,
})

test('a number on the right side of its bar meets it, and the bar itself is the right side', () => {
  assert.equal(conclude(finding(10)).verdict, 'met')
  assert.equal(conclude(finding(10.1)).verdict, 'missed')
  assert.equal(conclude(finding(10, { bar: { least: 10 } })).verdict, 'met')
  assert.equal(conclude(finding(9.9, { bar: { least: 10 } })).verdict, 'missed')
})

test('a number nearer to its bar than its windows lie apart is at the bar, on either side', () => {
  const windows = [9, 10, 12]
  assert.equal(conclude(finding(9, { windows })).verdict, 'at the bar')
  assert.equal(conclude(finding(11, { windows })).verdict, 'at the bar')
  assert.equal(conclude(finding(12, { windows })).verdict, 'missed')
  assert.equal(conclude(finding(8, { windows })).verdict, 'met')
})

test('what nobody saw meets no bar', () => {
  assert.equal(conclude(finding(NaN)).verdict, 'missed')
  assert.equal(conclude(finding(Infinity)).verdict, 'missed')
})

test('two runs contradict each other only where one says met and the other missed', () => {
  const [met, missed] = [conclude(finding(5)), conclude(finding(15))]
  const near = conclude(finding(10, { windows: [8, 12] }))
  assert.equal(contradictions([met], [missed]).length, 1)
  assert.equal(contradictions([missed], [met]).length, 1)
  assert.deepEqual(contradictions([met], [near]), [])
  assert.deepEqual(contradictions([near], [missed]), [])
  assert.deepEqual(contradictions([met], [conclude(finding(6))]), [])
  assert.deepEqual(contradictions([met], []), [])
})
