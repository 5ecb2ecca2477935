import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Span } from '../core/budget.ts'
import { Calendar } from './windows.ts'

const hourMs = 3_600_000
const at = (iso: string): number => Date.parse(iso)
const lasted = (zone: string, span: Span, iso: string): number => {
  const { from, until } = new Calendar(zone).window(span, at(iso))
  return (until - from) / hourMs
}
const window = (zone: string, span: Span, iso: string): readonly [string, string] => {
  const { from, until } = new Calendar(zone).window(span, at(iso))
  return [new Date(from).toISOString(), new Date(until).toISOString()]
}

test('a day begins at midnight of its time zone', () => {
  assert.deepEqual(window('Europe/Berlin', 'day', '2026-11-21T23:30:00Z'), [
    '2026-11-21T23:00:00.000Z',
    '2026-11-22T23:00:00.000Z',
  ])
})

test('the day on which summer time begins has 23 hours, and the day on which it ends 25', () => {
  assert.equal(lasted('Europe/Berlin', 'day', '2026-03-29T12:00:00Z'), 23)
  assert.equal(lasted('Europe/Berlin', 'day', '2026-10-25T12:00:00Z'), 25)
  assert.equal(lasted('America/New_York', 'day', '2026-03-08T12:00:00Z'), 23)
})

test('where summer time begins at midnight, the day begins at one', () => {
  assert.equal(window('Africa/Cairo', 'day', '2026-04-24T12:00:00Z')[0], '2026-04-23T22:00:00.000Z')
  assert.equal(lasted('Africa/Cairo', 'day', '2026-04-24T12:00:00Z'), 23)
})

test('the hour that comes twice is two hours', () => {
  const [first, second] = ['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'].map((iso) =>
    window('Europe/Berlin', 'hour', iso),
  )
  assert.deepEqual(first, ['2026-10-25T00:00:00.000Z', '2026-10-25T01:00:00.000Z'])
  assert.deepEqual(second, ['2026-10-25T01:00:00.000Z', '2026-10-25T02:00:00.000Z'])
})

test('an hour begins at the full hour of a time zone that is half an hour off', () => {
  assert.deepEqual(window('Asia/Kolkata', 'hour', '2026-11-21T10:00:00Z'), [
    '2026-11-21T09:30:00.000Z',
    '2026-11-21T10:30:00.000Z',
  ])
})

test('a week begins on Monday, and a month on the first', () => {
  assert.deepEqual(window('UTC', 'week', '2026-11-22T23:59:59.999Z'), [
    '2026-11-16T00:00:00.000Z',
    '2026-11-23T00:00:00.000Z',
  ])
  assert.deepEqual(window('Asia/Tokyo', 'month', '2026-02-28T20:00:00Z'), [
    '2026-02-28T15:00:00.000Z',
    '2026-03-31T15:00:00.000Z',
  ])
})

test('a clock that is set back opens no window again, and one that goes on opens the next', () => {
  const calendar = new Calendar('UTC')
  const today = calendar.window('day', at('2026-11-21T00:00:01Z'))
  assert.equal(calendar.window('day', at('2026-11-20T23:59:59Z')), today)
  assert.equal(calendar.window('day', at('2026-10-21T00:00:00Z')), today)
  assert.equal(calendar.window('day', at('2026-11-22T00:00:00Z')).from, today.until)
})

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'Pacific/Apia',
  'America/Havana',
  'Africa/Cairo',
]

test('every time is in a window, whose times all have that window, and the next begins where it ends', () => {
  const calendars = zones.map((zone) => new Calendar(zone))
  fc.assert(
    fc.property(
      fc.constantFrom(...calendars),
      fc.constantFrom<Span>('hour', 'day', 'week', 'month'),
      fc.integer({ min: at('2015-01-01T00:00:00Z'), max: at('2035-01-01T00:00:00Z') }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (calendar, span, epochMs, share) => {
        const { from, until } = calendar.windowAt(span, epochMs)
        assert.ok(from <= epochMs && epochMs < until)
        const inside = from + Math.floor(share * (until - from))
        assert.deepEqual(calendar.windowAt(span, inside), { from, until })
        assert.equal(calendar.windowAt(span, until).from, until)
        assert.equal(calendar.windowAt(span, from - 1).until, from)
      },
    ),
    { numRuns: 60 },
  )
})
