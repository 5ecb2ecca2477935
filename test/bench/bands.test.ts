import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type Band, heldLine, hold } from '../../bench/report/bands.ts'

const band = (worse: Band['worse']): Band => ({
  id: 'a',
  what: 'something',
  unit: 'x',
  value: 5,
  worse,
  band: 1,
  why: 'for the test',
})

const verdictOn = (worse: Band['worse'], value: number): string =>
  hold([band(worse)], new Map([['a', value]]), new Set())[0]!.verdict

test('a figure that worsens beyond its band is worse, whichever way that is', () => {
  assert.equal(verdictOn('more', 6), 'as it was')
  assert.equal(verdictOn('more', 6.01), 'worse')
  assert.equal(verdictOn('less', 4), 'as it was')
  assert.equal(verdictOn('less', 3.99), 'worse')
})

test('a figure that is better than its band is told, and is not worse', () => {
  assert.equal(verdictOn('more', 3.9), 'better')
  assert.equal(verdictOn('less', 6.1), 'better')
})

test('a figure that is no number is worse', () => {
  assert.equal(verdictOn('more', NaN), 'worse')
  assert.equal(verdictOn('less', NaN), 'worse')
  assert.equal(verdictOn('more', Infinity), 'worse')
})

test('a figure without a band, and a band without a figure, are mistakes', () => {
  assert.throws(() => hold([band('more')], new Map([['b', 1]]), new Set()), /no band for b/)
  assert.throws(() => hold([band('more')], new Map(), new Set()), /a has a band and is not measured/)
})

test('a figure that cannot be measured here is named and is not worse', () => {
  const [held] = hold([band('more')], new Map(), new Set(['a']))
  assert.equal(held!.verdict, 'not measured')
  assert.match(heldLine(held!), /something: not measured here/)
})

test('every line says what it was and how far it may go', () => {
  const [held] = hold([band('less')], new Map([['a', 3]]), new Set())
  assert.equal(heldLine(held!), 'worse        something: 3 x (was 5, may be down to 4)')
})

test('every band in the repository says why it is what it is', () => {
  const file = new URL('../../bench/bands.json', import.meta.url)
  const { bands } = JSON.parse(readFileSync(file, 'utf8')) as { bands: Band[] }
  assert.equal(new Set(bands.map(({ id }) => id)).size, bands.length)
  for (const { id, value, band: width, worse, why } of bands) {
    assert.ok(Number.isFinite(value) && width >= 0 && ['more', 'less'].includes(worse), id)
    assert.ok(why.length > 30, `${id}: ${why}`)
  }
})
