import { Fault } from '../core/fault.ts'
import type { ReportKey, ReportQuery } from '../core/ledger.ts'
import { Calendar } from './windows.ts'

const reportKeys: readonly ReportKey[] = [
  'caller',
  'key',
  'team',
  'model',
  'upstream',
  'dialect',
  'hour',
  'day',
  'week',
  'month',
]

/** As somebody writes them, in an address or on the command line. */
export interface ReportWords {
  readonly by?: string | undefined
  readonly since?: string | undefined
  readonly until?: string | undefined
  readonly caller?: string | undefined
}

export interface Today {
  readonly epochMs: number
  readonly timeZone: string
}

export type Period = Required<Pick<ReportQuery, 'by' | 'timeZone'>> & ReportQuery & { readonly since: number }

const usualBy = 'caller,model,day'
/** Today and the 29 days before it. */
const usualSince = '30d'
const nameMaxLength = 256
const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** What is asked for, checked to the last letter. Throws a Fault that says what may be written. */
export function reportQuery({ by = usualBy, since = usualSince, until, caller }: ReportWords, today: Today): Period {
  if (caller !== undefined && (caller === '' || caller.length > nameMaxLength))
    throw bad(`caller is a name of 1 to ${nameMaxLength} letters`)
  const begin = timeOf('since', since, today).from
  const end = until === undefined ? undefined : timeOf('until', until, today).until
  if (end !== undefined && end <= begin) throw bad('until lies before since, so that nothing is between them')
  return { by: keysIn(by), since: begin, until: end, caller, timeZone: today.timeZone }
}

function keysIn(by: string): readonly ReportKey[] {
  const keys = by.split(',').map((word) => {
    const key = reportKeys.find((known) => known === word.trim())
    if (key === undefined) throw bad(`by is a list of ${reportKeys.join(', ')}; ${shown(word)} is none of them`)
    return key
  })
  if (new Set(keys).size < keys.length) throw bad(`by has ${shown(by)}, which names one twice`)
  return keys
}

/** A whole day, or one moment. */
function timeOf(name: string, words: string, { epochMs, timeZone }: Today): { from: number; until: number } {
  const calendar = new Calendar(timeZone)
  const [, count, unit] = /^([1-9]\d{0,3})([hdw])$/.exec(words) ?? []
  if (unit === 'h') return moment(epochMs - Number(count) * hourMs)
  // Today is the first of so many days.
  if (unit !== undefined) return dayBefore(calendar, epochMs, Number(count) * (unit === 'w' ? 7 : 1) - 1)
  const atUtc = Date.parse(words)
  if (atUtc >= 0 && date.test(words) && isDate(words, atUtc)) return dayOf(calendar, atUtc)
  if (atUtc >= 0 && time.test(words)) return moment(atUtc)
  throw bad(
    `${name} is 12h, 7d, 4w, a day such as 2026-11-21 or a time such as 2026-11-21T14:00:00Z, not ${shown(words)}`,
  )
}

const date = /^\d{4}-\d\d-\d\d$/
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/

const moment = (epochMs: number): { from: number; until: number } => ({ from: epochMs, until: epochMs })

/** `Date.parse` takes a 31st of November for the 1st of December. */
const isDate = (words: string, atUtc: number): boolean =>
  !Number.isNaN(atUtc) && new Date(atUtc).toISOString().startsWith(words)

function dayBefore(calendar: Calendar, epochMs: number, days: number): { from: number; until: number } {
  const local = localDay(calendar, epochMs)
  return dayOf(calendar, local - days * dayMs)
}

/** The day of that date, wherever in UTC it begins. */
function dayOf(calendar: Calendar, dateUtc: number): { from: number; until: number } {
  let day = calendar.windowAt('day', dateUtc + dayMs / 2)
  const there = localDay(calendar, day.from)
  if (there > dateUtc) day = calendar.windowAt('day', day.from - 1)
  if (there < dateUtc) day = calendar.windowAt('day', day.until)
  return day
}

/** The date there, as if it were one in UTC. */
function localDay({ timeZone }: Calendar, epochMs: number): number {
  return Date.parse(new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }).format(epochMs))
}

const shown = (words: string): string => JSON.stringify(words.length > 40 ? `${words.slice(0, 40)}…` : words)

const bad = (text: string): Fault => new Fault('bad-request', `${text[0]!.toUpperCase()}${text.slice(1)}.`)
