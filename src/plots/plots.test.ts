import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { barsSvg } from './bars.ts'
import { curveSvg } from './curve.ts'
import { distributionSvg } from './distribution.ts'
import { faultOf } from './plots.test-helper.ts'
import { curveText } from './text-curve.ts'

const name = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('<a & "b">', '\u0000\u001b[31m', '\ud800', ']]>'))
const number = fc.oneof(
  fc.double(),
  fc.constantFrom(NaN, Infinity, -Infinity, 0, -0, 1e308, -1e308, 5e-324),
  fc.integer({ min: 0, max: 10_000 }),
)
const heading = { title: name, subtitle: fc.option(name, { nil: undefined }) }
const unit = fc.constantFrom('ms', 'share', '$', '', 'tokens/s', '<&')
const axis = fc.record({ label: name, unit, isLog: fc.boolean() })
const mark = fc.option(fc.record({ at: number, name }), { nil: undefined })

test('a picture is well-formed whatever the names and the numbers are', () => {
  const distribution = fc.record({ ...heading, unit, series: fc.array(fc.record({ name, values: fc.array(number) })) })
  const points = fc.array(fc.tuple(number, number))
  const curve = fc.record({ ...heading, x: axis, y: axis, series: fc.array(fc.record({ name, points })), mark })
  const group = fc.record({ name, bars: fc.array(fc.record({ name, value: number })) })
  const bars = fc.record({ ...heading, unit, groups: fc.array(group), isLog: fc.boolean(), limit: mark })
  fc.assert(fc.property(distribution, (plot) => assert.equal(faultOf(distributionSvg(plot)), undefined)))
  fc.assert(fc.property(curve, (plot) => assert.equal(faultOf(curveSvg(plot)), undefined)))
  fc.assert(fc.property(bars, (plot) => assert.equal(faultOf(barsSvg(plot)), undefined)))
})

test('a curve for the terminal is no wider and no higher than it may be, and has no character that a terminal obeys', () => {
  const series = fc.array(fc.record({ name, points: fc.array(fc.tuple(number, number)) }))
  const plot = fc.record({ title: fc.constant(''), x: axis, y: axis, series, mark })
  const size = fc.record({ columns: fc.integer({ min: 40, max: 120 }), rows: fc.integer({ min: 4, max: 30 }) })
  fc.assert(
    fc.property(plot, size, (curve, { columns, rows }) => {
      const lines = curveText(curve, { columns, rows })
      assert.ok(lines.length <= rows + 4)
      for (const line of lines) {
        assert.ok(Array.from(line).length <= columns, line)
        assert.doesNotMatch(line, /\p{C}/u)
      }
    }),
  )
})

test('who never had an answer keeps the line of the others from reaching the top', () => {
  const heightOf = (values: readonly number[]): number => {
    const svg = distributionSvg({ title: 'First token', unit: 'ms', series: [{ name: 'a', values }] })
    const [, last] = /<path[^>]* d="[^"]*L[\d.]+ ([\d.]+)"/.exec(svg)!
    return Number(last)
  }
  const answered = Array.from({ length: 50 }, (_, i) => 100 + i)
  const lost = Array.from({ length: 50 }, () => Infinity)
  assert.ok(heightOf([...answered, ...lost]) > heightOf(answered) + 100)
  assert.equal(heightOf([...answered, NaN, NaN]), heightOf(answered))
})

test('names of lines never lie on each other', () => {
  for (const count of [2, 4, 6, 9]) {
    const series = Array.from({ length: count }, (_, i) => ({
      name: `arm number ${i}`,
      points: [1, 2, 4, 8].map((x) => [x, x * 10 + i / 10] as const),
    }))
    const svg = curveSvg({ title: '', x: { label: 'at once' }, y: { label: 'tokens/s' }, series })
    const places = [...svg.matchAll(/<text class="label[^>]* x="([\d.]+)" y="([\d.]+)"/g)].map(([, x, y]) => [+x!, +y!])
    assert.equal(places.length, count)
    for (const [i, [x, y]] of places.entries())
      for (const [otherX, otherY] of places.slice(i + 1))
        assert.ok(
          Math.abs(y! - otherY!) >= 16 || Math.abs(x! - otherX!) >= 90,
          `${count}: ${x} ${y} ${otherX} ${otherY}`,
        )
  }
})

test('a bar is as long as its number, and nothing that was not measured has one', () => {
  const svg = barsSvg({
    title: 'CPU per request',
    unit: 'µs',
    groups: [
      {
        name: '',
        bars: [
          { name: 'nginx', value: 10 },
          { name: 'other', value: 40 },
          { name: 'lost', value: NaN },
        ],
      },
    ],
  })
  const lengths = [...svg.matchAll(/<rect class="hue\d"[^>]* width="([\d.]+)"/g)].map(([, length]) => Number(length))
  assert.equal(lengths.length, 2)
  assert.ok(Math.abs(lengths[1]! / lengths[0]! - 4) < 0.01)
  assert.match(svg, />40 µs<.*>–</s)
})

test('an axis on which equal distances are no equal differences from 0 says so', () => {
  const series = [{ name: 'a', values: [100, 200, 400, 4_000] }]
  const across = distributionSvg({ title: '', unit: 'ms', label: 'first token within', series })
  assert.match(across, />first token within \(logarithmic\)</)
  assert.match(across, />of all requests \(stretched towards 100 %\)</)
  const points = [
    [1, 90],
    [2, 100],
  ] as const
  const curve = (isClose: boolean): string =>
    curveSvg({ title: '', x: { label: 'x' }, y: { label: 'y', isClose }, series: [{ name: 'a', points }] })
  assert.match(curve(true), />y \(not from 0\)</)
  assert.match(curve(false), />y</)
})

test('the bar that is named first has the same colour beside whatever others', () => {
  const hueAmong = (...names: string[]): string | undefined => {
    const bars = names.map((one) => ({ name: one, value: 1 }))
    const svg = barsSvg({ title: '', unit: '', first: 'ours', groups: [{ name: '', bars }] })
    return [...svg.matchAll(/<rect class="(hue\d)"/g)].map(([, hue]) => hue)[names.indexOf('ours')]
  }
  assert.equal(hueAmong('ours', 'nginx'), 'hue0')
  assert.equal(hueAmong('nginx', 'haproxy', 'ours'), 'hue0')
})
