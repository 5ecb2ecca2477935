import type { Entry, ReportKey, ReportQuery, ReportRow } from '../core/ledger.ts'

type Counts = { -readonly [Key in Exclude<keyof ReportRow, 'of'>]: number }

/** Adds up what is alike by the keys that are asked for. */
export function reportOf(entries: Iterable<Entry>, query: ReportQuery): readonly ReportRow[] {
  const { by, since = -Infinity, until = Infinity, caller, timeZone = 'UTC' } = query
  const rows = new Map<string, Counts & Pick<ReportRow, 'of'>>()
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' })
  for (const entry of entries) {
    if (entry.at < since || entry.at >= until || (caller !== undefined && entry.caller !== caller)) continue
    const of = Object.fromEntries(by.map((key) => [key, valueOf(entry, key, format)]))
    const id = JSON.stringify(of)
    const row = rows.get(id) ?? { of, ...nothing }
    rows.set(id, row)
    add(row, entry)
  }
  return [...rows.values()]
}

const nothing: Counts = {
  requests: 0,
  failed: 0,
  spilled: 0,
  estimated: 0,
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  gpuMs: 0,
  nano: 0,
  savedNano: 0,
}

function add(row: Counts, entry: Entry): void {
  row.requests += 1
  row.failed += entry.fault === undefined ? 0 : 1
  row.spilled += entry.spilled ? 1 : 0
  row.estimated += entry.estimated ? 1 : 0
  row.inputTokens += entry.inputTokens
  row.outputTokens += entry.outputTokens
  row.cachedTokens += entry.cachedTokens
  row.gpuMs += entry.gpuMs
  row.nano += entry.nano
  row.savedNano += entry.savedNano
}

function valueOf(entry: Entry, key: ReportKey, format: Intl.DateTimeFormat): string {
  switch (key) {
    case 'hour':
      return format.format(entry.at).slice(0, 13).replace(' ', 'T')
    case 'day':
      return format.format(entry.at).slice(0, 10)
    case 'week':
      return mondayOf(format.format(entry.at).slice(0, 10))
    case 'month':
      return format.format(entry.at).slice(0, 7)
    default:
      return entry[key] ?? ''
  }
}

function mondayOf(day: string): string {
  const date = new Date(`${day}T00:00:00Z`)
  date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7))
  return date.toISOString().slice(0, 10)
}
