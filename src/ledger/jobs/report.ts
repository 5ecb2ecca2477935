import type { Entry, ReportKey, ReportQuery, ReportRow } from '../../core/ledger.ts'
import { isTimeKey, labels } from '../calendar.ts'
import { entryIn } from '../content.ts'
import { slotMs, slotOf } from '../slots.ts'
import { sql, type Row, type Work } from '../work.ts'
import { allNames } from './names.ts'
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
  const names = yield* allNames()
  const label = labels(query.timeZone ?? 'UTC')
  const wanted = query.caller
  const rows = new Map<string, { of: Partial<Record<ReportKey, string>>; counts: Counts }>()
  for (const total of yield* totalsOf(query)) {
    const people = { caller: names.get(total.caller) ?? '', key: names.get(total.key_id) ?? '' }
    if (wanted !== undefined && people.caller !== wanted) continue
    const of: Partial<Record<ReportKey, string>> = {}
    for (const key of query.by) {
      if (isTimeKey(key)) of[key] = label(key, total.slot * slotMs)
      else of[key] = key === 'caller' || key === 'key' ? people[key] : total[key]
    }
    const at = JSON.stringify(of)
    const row = rows.get(at)
    if (row === undefined) rows.set(at, { of, counts: { ...total } })
    else for (const count of totalCounts) row.counts[count] += total[count]
  }
  return Array.from(rows.values(), ({ of, counts }) => rowOf(of, counts)).sort(byKeys(query.by))
}

/** Whole quarters of an hour from the sums, and what lies before and behind them from the rows. */
function* totalsOf({ by, since = 0, until = never }: ReportQuery): Work<readonly Total[]> {
  const from = Math.ceil(since / slotMs)
  const to = slotOf(until)
  if (to < from) return yield* rowsBetween(since, until)
  const totals = [...(yield* summedBetween(by.some(isTimeKey), from, to))]
  if (since < from * slotMs) totals.push(...(yield* rowsBetween(since, from * slotMs)))
  if (to * slotMs < until && until !== never) totals.push(...(yield* rowsBetween(to * slotMs, until)))
  return totals
}

const never = Number.MAX_SAFE_INTEGER

function* summedBetween(bySlot: boolean, from: number, to: number): Work<readonly Total[]> {
  const keys = bySlot ? totalKeys : totalKeys.filter((key) => key !== 'slot')
  const sums = totalCounts.map((count) => `SUM(${count}) AS ${count}`)
  const rows = yield sql(
    `SELECT ${[...keys, ...sums].join(', ')} FROM totals WHERE slot >= ? AND slot < ? GROUP BY ${keys.join(', ')}`,
    from,
    to,
  )
  return rows.map(totalIn)
}

function* rowsBetween(from: number, to: number): Work<readonly Total[]> {
  const rows = yield sql('SELECT content FROM requests WHERE at >= ? AND at < ?', from, to)
  return rows.map((row) => {
    const { entry, ids } = entryIn(String(row['content']), (id) => id)
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
