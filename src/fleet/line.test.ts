import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Line } from './line.ts'

const shape = { overhead: 100, slope: 0.3 }

test('it finds overhead and slope from samples of different sizes', () => {
  const line = new Line(shape)
  for (let at = 0; at < 40; at += 1) {
    const x = 50 + ((at * 397) % 3_000)
    line.learn(x, 80 + 0.5 * x)
  }
  assert.ok(Math.abs(line.at(0) - 80) < 1)
  assert.ok(Math.abs(line.at(4_000) - 2_080) < 5)
})

test('samples of one size are explained by the usual shape, scaled', () => {
  const line = new Line(shape)
  for (let at = 0; at < 10; at += 1) line.learn(1_000, 800)
  assert.ok(Math.abs(line.at(1_000) - 800) < 1)
  assert.ok(Math.abs(line.at(0) - 200) < 1)
})

test('the first sample is forgotten as soon as there is a second, for it may have waited for a model to load', () => {
  const line = new Line(shape)
  line.learn(500, 30_000)
  line.learn(500, 250)
  assert.ok(Math.abs(line.at(500) - 250) < 1)
})

test('it follows a server that has become slower', () => {
  const line = new Line(shape)
  for (let at = 0; at < 50; at += 1) line.learn(100 + at * 20, 100)
  for (let at = 0; at < 150; at += 1) line.learn(100 + (at % 50) * 20, 500)
  assert.ok(line.at(500) > 400)
})

test('whatever it is taught, it predicts a finite time that is not negative and does not fall with size', () => {
  const sample = fc.record({ x: fc.integer({ min: 0, max: 200_000 }), y: fc.double({ min: 0, max: 1e6, noNaN: true }) })
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 60 }), (samples) => {
      const line = new Line(shape)
      for (const { x, y } of samples) line.learn(x, y)
      const [none, some, many] = [line.at(0), line.at(1_000), line.at(100_000)]
      assert.ok(none >= 0 && some >= none && many >= some && Number.isFinite(many))
    }),
  )
})
