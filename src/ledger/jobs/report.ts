import type { Entry, ReportKey, ReportQuery, ReportRow } from '../../core/ledger.ts'
import { isTimeKey, labels } from '../calendar.ts'
import { entryIn } from '../content.ts'
import { slotMs, slotOf } from '../slots.ts'
import { sql, type Row, type Work } from '../work.ts'
import { allNames, knownId } from './names.ts'
import { numberIn } from './rows.ts'
import { countsOf, keysOf, totalCounts, totalKeys } from './totals.ts'

type Counts = Record<(typeof totalCounts)[number], number>

/** A total and whose it is, in the table's own words. */
interface Total extends Counts {
  readonly slot: number
  readonly caller: string
  readonly key_id: string
  readonly team: string
  readonly model: string
  readonly upstream: string
  readonly dialect: string
}

/** Adds up the past by any keys, in the order of these. By when a request came; not by when it ended. */
export function* report(query: ReportQuery): Work<readonly ReportRow[]> {
  const who = query.caller === undefined ? undefined : yield* knownId('caller', query.caller)
  if (query.caller !== undefined && who === undefined) return []
  const names = yield* allNames()
  const label = labels(query.timeZone ?? 'UTC')
  const rows = new Map<string, { of: Partial<Record<ReportKey, string>>; counts: Counts }>()
  for (const total of yield* totalsOf(query, who)) {
    const of: Partial<Record<ReportKey, string>> = {}
    for (const key of query.by) {
      const column = columnOf(key)
      if (isTimeKey(key)) of[key] = label(key, total.slot * slotMs)
      else
        of[key] = column === 'caller' || column === 'key_id' ? (names.get(total[column]) ?? '') : String(total[column])
    }
    const at = JSON.stringify(of)
    const row = rows.get(at)
    if (row === undefined) rows.set(at, { of, counts: { ...total } })
    else for (const count of totalCounts) row.counts[count] += total[count]
  }
  return Array.from(rows.values(), ({ of, counts }) => rowOf(of, counts)).sort(byKeys(query.by))
}

const columnOf = (key: ReportKey): (typeof totalKeys)[number] => {
  if (isTimeKey(key)) return 'slot'
  return key === 'key' ? 'key_id' : key
}

/** Whole quarters of an hour from the sums, and what lies before and behind them from the rows. */
function* totalsOf({ by, since = 0, until = never }: ReportQuery, who: string | undefined): Work<readonly Total[]> {
  const columns = [...new Set(by.map(columnOf))]
  const from = Math.ceil(since / slotMs)
  const to = slotOf(until)
  if (to < from) return yield* rowsBetween(since, until, who)
  const totals = [...(yield* summedBetween(columns, { from, to, who }))]
  if (since < from * slotMs) totals.push(...(yield* rowsBetween(since, from * slotMs, who)))
  if (to * slotMs < until && until !== never) totals.push(...(yield* rowsBetween(to * slotMs, until, who)))
  return totals
}

const never = Number.MAX_SAFE_INTEGER

function* summedBetween(
  columns: readonly string[],
  { from, to, who }: { readonly from: number; readonly to: number; readonly who: string | undefined },
): Work<readonly Total[]> {
  const sums = totalCounts.map((count) => `SUM(${count}) AS ${count}`)
  const mine = who === undefined ? '' : 'AND caller = ?'
  const grouped = columns.length === 0 ? 'HAVING COUNT(*) > 0' : `GROUP BY ${columns.join(', ')}`
  const rows = yield sql(
    `SELECT ${[...columns, ...sums].join(', ')} FROM totals WHERE slot >= ? AND slot < ? ${mine} ${grouped}`,
    from,
    to,
    ...(who === undefined ? [] : [who]),
  )
  return rows.map(totalIn)
}

function* rowsBetween(from: number, to: number, who: string | undefined): Work<readonly Total[]> {
  const rows = yield sql('SELECT content FROM requests WHERE at >= ? AND at < ?', from, to)
  return rows
    .map((row) => entryIn(String(row['content']), (id) => id))
    .filter(({ ids }) => who === undefined || ids.caller === who)
    .map(({ entry, ids }) => {
      const keys = keysOf(entry, ids, slotOf(entry.at))
      const counts = countsOf(entry)
      return totalIn({
        ...Object.fromEntries(totalKeys.map((key, i) => [key, keys[i]!])),
        ...Object.fromEntries(totalCounts.map((count, i) => [count, counts[i]!])),
      })
    })
}

const totalIn = (row: Row): Total => ({
  ...(Object.fromEntries(totalCounts.map((count) => [count, numberIn(row, count)])) as Counts),
  slot: numberIn(row, 'slot'),
  caller: String(row['caller']),
  key_id: String(row['key_id']),
  team: String(row['team']),
  model: String(row['model']),
  upstream: String(row['upstream']),
  dialect: String(row['dialect']),
})

const rowOf = (of: ReportRow['of'], counts: Counts): ReportRow => ({
  of,
  requests: counts.requests,
  failed: counts.failed,
  spilled: counts.spilled,
  estimated: counts.estimated,
  inputTokens: counts.input_tokens,
  outputTokens: counts.output_tokens,
  cachedTokens: counts.cached_tokens,
  gpuMs: counts.gpu_ms,
  nano: counts.nano,
  savedNano: counts.saved_nano,
})

const byKeys =
  (by: readonly ReportKey[]) =>
  (one: ReportRow, other: ReportRow): number => {
    for (const key of by) {
      const [a = '', b = ''] = [one.of[key], other.of[key]]
      if (a !== b) return a < b ? -1 : 1
    }
    return 0
  }

/** How one request ended, and all of its tries. */
export function* entryOf(id: string): Work<Entry | undefined> {
  const [row] = yield sql('SELECT content FROM requests WHERE id = ?', id)
  return row === undefined ? undefined : (yield* read([row]))[0]
}

/** How requests ended, in the order in which they did: those behind a row of the chain, so many at most. */
export function* entriesAfter(seq: number, countMax: number): Work<readonly Entry[]> {
  return yield* read(yield sql('SELECT content FROM requests WHERE seq > ? ORDER BY seq LIMIT ?', seq, countMax))
}

function* read(rows: readonly Row[]): Work<readonly Entry[]> {
  const names = yield* allNames()
  return rows.map((row) => entryIn(String(row['content']), (id) => names.get(id) ?? '').entry)
}
