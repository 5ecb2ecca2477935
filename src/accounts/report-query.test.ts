import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../core/fault.ts'
import { injections } from './injections.test-helper.ts'
import { reportQuery, type ReportWords } from './report-query.ts'

const today = { epochMs: Date.parse('2026-11-21T15:30:00Z'), timeZone: 'Europe/Berlin' }
const iso = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString())
const between = (words: ReportWords, at = today): (string | undefined)[] => {
  const { since, until } = reportQuery(words, at)
  return [iso(since), iso(until)]
}

test('without a word it is about callers, models and days, for the last thirty of them', () => {
  const query = reportQuery({}, today)
  assert.deepEqual(query.by, ['caller', 'model', 'day'])
  assert.deepEqual(
    [iso(query.since), query.until, query.timeZone],
    ['2026-10-22T22:00:00.000Z', undefined, 'Europe/Berlin'],
  )
})

test('days and weeks are whole days of the time zone, of which today is one; hours are counted back from now', () => {
  assert.deepEqual(between({ since: '1d' }), ['2026-11-20T23:00:00.000Z', undefined])
  assert.deepEqual(between({ since: '7d' }), ['2026-11-14T23:00:00.000Z', undefined])
  assert.deepEqual(between({ since: '1w' }), between({ since: '7d' }))
  assert.deepEqual(between({ since: '36h' }), ['2026-11-20T03:30:00.000Z', undefined])
})

test('a day counts from its beginning, and until is its end', () => {
  assert.deepEqual(between({ since: '2026-10-25', until: '2026-10-25' }), [
    '2026-10-24T22:00:00.000Z',
    '2026-10-25T23:00:00.000Z',
  ])
  assert.deepEqual(between({ since: '2026-11-01T00:00Z', until: '2026-11-01T03:00:00.5+01:00' }), [
    '2026-11-01T00:00:00.000Z',
    '2026-11-01T02:00:00.500Z',
  ])
})

test('a day is the day there, on both edges of the world and where midnight is left out', () => {
  const day = (timeZone: string, date: string): (string | undefined)[] =>
    between({ since: date, until: date }, { ...today, timeZone })
  assert.deepEqual(day('Pacific/Kiritimati', '2026-03-01'), ['2026-02-28T10:00:00.000Z', '2026-03-01T10:00:00.000Z'])
  assert.deepEqual(day('Pacific/Pago_Pago', '2026-03-01'), ['2026-03-01T11:00:00.000Z', '2026-03-02T11:00:00.000Z'])
  assert.deepEqual(day('America/Santiago', '2026-09-06'), ['2026-09-06T04:00:00.000Z', '2026-09-07T03:00:00.000Z'])
})

test('whatever is not known is refused in words that say what is', () => {
  const wrong: readonly [ReportWords, RegExp][] = [
    [{ by: 'color' }, /^By is a list of caller, key, team, .*; "color" is none of them\.$/],
    [{ by: '' }, /"" is none of them/],
    [{ by: 'day,day' }, /names one twice/],
    [{ since: 'yesterday' }, /^Since is 12h, 7d, 4w, a day such as/],
    [{ since: '2026-11-31' }, /^Since is/],
    [{ since: '0d' }, /^Since is/],
    [{ until: '1e9' }, /^Until is/],
    [{ since: '2026-11-20', until: '2026-11-19' }, /lies before since/],
    [{ caller: '' }, /^Caller is a name/],
    [{ caller: 'x'.repeat(257) }, /^Caller is a name/],
  ]
  for (const [words, message] of wrong)
    assert.throws(
      () => reportQuery(words, today),
      (error) => error instanceof Fault && error.status === 400 && message.test(error.message),
      JSON.stringify(words),
    )
})

test('nothing but the known words and times reaches the ledger', () => {
  for (const text of injections) {
    assert.throws(() => reportQuery({ by: text }, today), Fault, text)
    assert.throws(() => reportQuery({ since: text }, today), Fault, text)
    assert.throws(() => reportQuery({ until: text }, today), Fault, text)
    // A caller may be called anything; it is compared and never spelled out.
    assert.equal(reportQuery({ caller: text }, today).caller, text)
  }
})
