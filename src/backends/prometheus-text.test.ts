import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recorded } from '../../test/conformance/backend.ts'
import { gaugeIn, samplesIn } from './prometheus-text.ts'

const names = { running: ['new_running', 'running'], waiting: ['waiting'], memory: ['memory'] }

test('labels may hold anything, and what follows a value is a time', () => {
  const text = String.raw`a{x="}",y="a \"quoted\" { thing",} 1 1395066363000
a{} 2
  b 1.5e2
c{le="+Inf"} +Inf
d{x="unclosed} 3
# a 9
`
  assert.deepEqual(Object.fromEntries(samplesIn(text)), { a: [1, 2], b: [150] })
})

test('engines add up, the fullest memory counts, and the newest name wins', () => {
  const text =
    'running 9\nnew_running{e="0"} 1\nnew_running{e="1"} 2\nwaiting 0\nmemory{e="0"} 0.2\nmemory{e="1"} 0.7\n'
  assert.deepEqual(gaugeIn(text, names), { running: 3, waiting: 0, memory: 0.7 })
  assert.deepEqual(gaugeIn('running 9\nwaiting 1\n', names), { running: 9, waiting: 1 })
})

test('a gauge that is told by halves is none', () => {
  assert.equal(gaugeIn('running 9\n', names), undefined)
  assert.equal(gaugeIn('waiting NaN\nrunning 1\n', names), undefined)
  assert.equal(gaugeIn('', names), undefined)
})

test('a real page is read to the end', () => {
  assert.deepEqual(samplesIn(recorded('llamacpp/metrics-busy').text!).get('llamacpp:requests_deferred'), [1])
})
