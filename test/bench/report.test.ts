import assert from 'node:assert/strict'
import { test } from 'node:test'
import { conclude } from '../../bench/report/conclusion.ts'
import { markdownOf } from '../../bench/report/markdown.ts'
import type { Part } from '../../bench/report/part.ts'
import { filled } from '../../bench/report/publish.ts'
import { isSurprise, jsonOf, merged, type Report, reportIn } from '../../bench/report/report.ts'
import { sentencesOf } from './plan.ts'

const part: Part = {
  ...sentencesOf('one'),
  command: 'npm run bench -- --part one',
  tookMs: 61_000,
  tables: [
    {
      title: 'Some table',
      columns: [{ head: 'arm' }, { head: 'p99 s', digits: 2 }],
      rows: [
        ['direct', Infinity],
        ['a|b', { mean: 1.234, spread: 0.5 }],
        ['none', undefined],
        ['nobody', NaN],
      ],
    },
  ],
  conclusions: [
    conclude({
      id: 'one.cost',
      what: 'cost',
      value: 0.0012,
      unit: '$',
      digits: 4,
      bar: { most: 0.001 },
      kind: 'virtual',
    }),
    conclude({ id: 'one.never', what: 'never seen', value: Infinity, unit: 's', bar: { most: 30 }, kind: 'virtual' }),
    conclude({ id: 'one.ratio', what: 'ratio', value: 3, unit: 'x', bar: { least: 2 }, kind: 'ratio' }),
  ],
  plots: [{ name: 'one-plot', alt: 'A picture', svg: '<svg/>' }],
  notMeasured: ['HAProxy is not here: apt-get install haproxy'],
  seeds: '1 to 3',
}

const report: Report = {
  madeAt: '2026-11-21T00:00:00.000Z',
  command: 'npm run bench',
  tookMs: 600_000,
  isQuick: false,
  machine: { cpu: 'some', cores: 2, memoryGb: 8, system: 'linux' },
  versions: { spillway: '0.1.0', node: 'v24' },
  parts: [part],
}

test('a report says what was measured, what was missed, what is not here and how to repeat it', () => {
  const text = markdownOf(report)
  assert.match(text, /1 bars met, 0 at the bar, 2 missed, 2 of them without a known reason/)
  assert.match(text, /\| direct \| never \|/)
  assert.match(text, /\| a\\\|b \| 1\.23 ± 0\.50 \|/)
  assert.match(text, /\| none \| {2}\|\n\| nobody \| {2}\|/)
  assert.match(text, /\| cost \| \$0\.0012 \| ≤ \$0\.001 \| \*\*missed\*\* \|/)
  assert.match(text, /\| ratio \| 3\.00x \| ≥ 2x \| met \|/)
  assert.match(text, /\*Not measured here:\* HAProxy is not here: apt-get install haproxy/)
  assert.match(text, /!\[A picture\]\(one-plot\.svg\)/)
  assert.match(text, /`npm run bench -- --part one`; seeds 1 to 3/)
})

test('a report that was written and read again looks the same', () => {
  assert.equal(markdownOf(reportIn(jsonOf(report))), markdownOf(report))
})

test('a marked place is filled with what the report says of it, and again, and no other line is touched', () => {
  const page =
    'before\n<!-- bench:one -->\nold\n<!-- /bench -->\nbetween\n<!-- bench:other -->\nkept\n<!-- /bench -->\n'
  const once = filled(page, report, 'plots/')
  assert.match(once, /^before\n<!-- bench:one -->\nWhat it shows\.\n/)
  assert.match(once, /plots\/one-plot\.svg/)
  assert.match(once, /between\n<!-- bench:other -->\nkept\n<!-- \/bench -->\n$/)
  assert.equal(filled(once, report, 'plots/'), once)
})

test('a part that was not played keeps what was published of it', () => {
  const newer: Report = { ...report, parts: [{ ...part, name: 'two' }] }
  assert.deepEqual(
    merged(report, newer).parts.map(({ name }) => name),
    ['two', 'one'],
  )
  assert.deepEqual(merged(undefined, newer).parts, newer.parts)
})

test('a bar that is missed for a known reason is no surprise', () => {
  const [missed] = part.conclusions
  assert.ok(isSurprise(missed!))
  assert.ok(!isSurprise({ ...missed!, missedSince: 'something bounds it' }))
  assert.ok(!isSurprise(part.conclusions[2]!))
})
