import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Registry } from './registry.ts'

const requests = { name: 'requests_total', help: 'Requests.', labels: ['caller', 'model'] } as const
const seconds = { name: 'wait_seconds', help: 'Waits.', labels: ['model'], bounds: [0.1, 1] } as const

test('a counter adds up per set of label values', () => {
  const registry = new Registry()
  const family = registry.counter(requests)
  family.with('a', 'x').add(1)
  family.with('a', 'y').add(5)
  family.with('a', 'x').add(2)
  assert.equal(
    registry.render(),
    '# HELP requests_total Requests.\n# TYPE requests_total counter\n' +
      'requests_total{caller="a",model="x"} 3\nrequests_total{caller="a",model="y"} 5\n',
  )
})

test('a metric without labels shows its zero before anything happened', () => {
  const registry = new Registry()
  registry.counter({ name: 'n_total', help: 'N.', labels: [] })
  assert.match(registry.render(), /^n_total 0$/m)
})

test('a histogram counts a value on a bound below it, and what is beyond all bounds under +Inf', () => {
  const registry = new Registry()
  const child = registry.histogram(seconds).with('x')
  for (const value of [0.1, 0.5, 7]) child.observe(value)
  assert.deepEqual(registry.render().split('\n').slice(2, -1), [
    'wait_seconds_bucket{model="x",le="0.1"} 1',
    'wait_seconds_bucket{model="x",le="1"} 2',
    'wait_seconds_bucket{model="x",le="+Inf"} 3',
    'wait_seconds_sum{model="x"} 7.6',
    'wait_seconds_count{model="x"} 3',
  ])
})

test('a gauge tells what is so at the moment it is asked', () => {
  const registry = new Registry()
  let depth = 1
  registry.gauge({ name: 'depth', help: 'Depth.', labels: [] }, (sample) => sample(depth))
  depth = 9
  assert.match(registry.render(), /^depth 9$/m)
})

test('whatever a label value holds, it comes back from its line unchanged', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (caller, model) => {
      const registry = new Registry()
      registry.counter(requests).with(caller, model).add(1)
      const lines = registry.render().split('\n')
      assert.equal(lines.length, 4, 'a value must not break its line')
      const read = /^requests_total\{caller="((?:[^"\\]|\\.)*)",model="((?:[^"\\]|\\.)*)"\} 1$/s.exec(lines[2]!)
      assert.deepEqual(read?.slice(1).map(unescaped), [caller.toWellFormed(), model.toWellFormed()])
    }),
  )
})

test('beyond the bound, new label values are counted together and take no more memory', () => {
  const registry = new Registry()
  const family = registry.counter(requests)
  for (let n = 0; n < 20_000; n += 1) family.with('stranger', `model-${n}`).add(1)
  const lines = registry.render().trimEnd().split('\n').slice(2)
  assert.equal(lines.length, 5_001)
  assert.equal(lines.at(-1), 'requests_total{caller="other",model="other"} 15000')
})

test('what was known before the bound was reached still has its own line', () => {
  const registry = new Registry()
  const family = registry.counter(requests)
  for (let n = 0; n < 6_000; n += 1) family.with('c', `model-${n}`).add(1)
  family.with('c', 'model-0').add(1)
  assert.match(registry.render(), /^requests_total\{caller="c",model="model-0"\} 2$/m)
})

const unescaped = (text: string): string =>
  text.replace(/\\(.)/gs, (_, letter: string) => (letter === 'n' ? '\n' : letter))
