import type { Entry, ReportQuery, ReportRow } from '../core/ledger.ts'
import { isTimeKey, labels } from './calendar.ts'

type Counts = { -readonly [Key in Exclude<keyof ReportRow, 'of'>]: number }

/** Adds up what is alike by the keys that are asked for. */
export function reportOf(entries: Iterable<Entry>, query: ReportQuery): readonly ReportRow[] {
  const { by, since = -Infinity, until = Infinity, caller, timeZone = 'UTC' } = query
  const rows = new Map<string, Counts & Pick<ReportRow, 'of'>>()
  const label = labels(timeZone)
  for (const entry of entries) {
    if (entry.at < since || entry.at >= until || (caller !== undefined && entry.caller !== caller)) continue
    const of = Object.fromEntries(by.map((key) => [key, isTimeKey(key) ? label(key, entry.at) : (entry[key] ?? '')]))
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
  // As the books have it.
  row.gpuMs += Math.round(entry.gpuMs)
  row.nano += entry.nano
  row.savedNano += entry.savedNano
}
