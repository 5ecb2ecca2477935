import { hash } from 'node:crypto'
import { linkOf } from '../chain.ts'
import { slotMs, slotOf } from '../slots.ts'
import { labels } from '../calendar.ts'
import { sql, type Row, type Work } from '../work.ts'
import { knownId } from './names.ts'
import { insertRows, numberIn } from './rows.ts'
import { totalCounts, totalKeys } from './totals.ts'

/** A link of the chain that is no request: what was done to the rows before it. */
export interface Note {
  readonly type: 'retired' | 'forgotten'
  /** Sums of slots before this one are what is left of rows; no row adds to them any more. */
  readonly retiredSlot?: number
  /** Of all these sums. */
  readonly totals?: string
  /** The last row that was let go. */
  readonly last?: number
  /** Ids that lead back to nobody from here on. */
  readonly ids?: readonly string[]
}

/**
 * Lets go of rows whose requests came before `before`, so many at most, and adds up what is left of each day in one sum for
 * all that are alike. Tells how many went.
 */
export function* retire(before: number, timeZone: string, rowsMax: number): Work<number> {
  const [head] = yield sql("UPDATE chain SET seq = seq WHERE name = 'requests' RETURNING start_seq, retired_slot")
  const start = numberIn(head, 'start_seq')
  const [young] = yield sql('SELECT MIN(seq) AS seq FROM requests WHERE at >= ?', before)
  const [old] = yield sql('SELECT MAX(seq) AS seq FROM requests WHERE at < ?', before)
  const until = Math.min(numberIn(young, 'seq') || Infinity, numberIn(old, 'seq') + 1)
  // Rows leave from the beginning of the chain and without gaps.
  const [last] = yield sql(
    'SELECT seq, hash FROM requests WHERE seq >= ? AND seq < ? ORDER BY seq DESC LIMIT 1',
    start,
    Math.min(until, start + rowsMax + 1),
  )
  if (last === undefined) return 0
  const seq = numberIn(last, 'seq')
  const gone = yield sql('DELETE FROM requests WHERE seq <= ? RETURNING at', seq)
  const newest = gone.reduce((latest, row) => Math.max(latest, numberIn(row, 'at')), 0)
  const retiredSlot = Math.max(numberIn(head, 'retired_slot'), slotOf(newest) + 1)
  yield sql(
    "UPDATE chain SET start_seq = ?, start_hash = ?, retired_slot = ? WHERE name = 'requests'",
    seq,
    String(last['hash']),
    retiredSlot,
  )
  yield* foldDays(retiredSlot, timeZone)
  yield* addNote({ type: 'retired', last: seq, retiredSlot, totals: yield* digestOf(retiredSlot) })
  return gone.length
}

/**
 * Forgets who a caller was: its rows and sums stay, under an id that nobody can lead back to it. Tells that id; null where
 * nobody is called so.
 */
export function* purge(caller: string): Work<string | null> {
  const id = yield* knownId('caller', caller)
  if (id === undefined) return null
  yield sql("UPDATE chain SET seq = seq WHERE name = 'requests'")
  // A key of its own tells who it was as well as its name.
  const keys = yield sql(
    `SELECT DISTINCT key_id FROM totals WHERE caller = ? AND key_id <> ''
     AND key_id NOT IN (SELECT key_id FROM totals WHERE caller <> ?)`,
    id,
    id,
  )
  const ids = [id, ...keys.map((row) => String(row['key_id']))]
  for (const one of ids) yield sql('UPDATE names SET name = NULL, salt = NULL WHERE id = ?', one)
  const accounts = `caller:${caller}/`
  yield sql('DELETE FROM accounts WHERE substr(name, 1, ?) = ?', accounts.length, accounts)
  yield sql('DELETE FROM hold_accounts WHERE substr(name, 1, ?) = ?', accounts.length, accounts)
  yield* addNote({ type: 'forgotten', ids })
  return id
}

/** Another link of the chain. */
function* addNote(note: Note): Work<void> {
  const [head] = yield sql("UPDATE chain SET seq = seq + 1 WHERE name = 'requests' RETURNING seq, hash")
  const content = JSON.stringify(note)
  const link = linkOf(String(head?.['hash']), content)
  yield sql('INSERT INTO notes (seq, content, hash) VALUES (?, ?, ?)', numberIn(head, 'seq'), content, link)
  yield sql("UPDATE chain SET hash = ? WHERE name = 'requests'", link)
}

const columns = [...totalKeys, ...totalCounts].join(', ')

/** Of all sums that nothing is added to any more. */
export function* digestOf(retiredSlot: number): Work<string> {
  const rows = yield sql(`SELECT ${columns} FROM totals WHERE slot < ?`, retiredSlot)
  const lines = rows.map((row) => JSON.stringify([...totalKeys, ...totalCounts].map((name) => textIn(row, name))))
  return hash('sha256', lines.sort().join('\n'))
}

const textIn = (row: Row, name: string): string => String(row[name])

/** Of each day, the sums of its quarters of an hour become one. */
function* foldDays(retiredSlot: number, timeZone: string): Work<void> {
  const label = labels(timeZone)
  const dayOf = (slot: number): string => label('day', slot * slotMs)
  const slots = (yield sql('SELECT DISTINCT slot FROM totals WHERE slot < ? ORDER BY slot', retiredSlot)).map((row) =>
    numberIn(row, 'slot'),
  )
  for (const [, [first, ...others]] of Map.groupBy(slots, dayOf)) {
    if (first === undefined) continue
    let begin = first
    while (dayOf(begin - 1) === dayOf(first)) begin -= 1
    if (begin === first && others.length === 0) continue
    yield* foldInto(begin, first, others.at(-1) ?? first)
  }
}

function* foldInto(slot: number, from: number, to: number): Work<void> {
  const keys = totalKeys.filter((key) => key !== 'slot')
  const sums = totalCounts.map((count) => `SUM(${count}) AS ${count}`)
  const rows = yield sql(
    `SELECT ${[...keys, ...sums].join(', ')} FROM totals WHERE slot >= ? AND slot <= ? GROUP BY ${keys.join(', ')}`,
    from,
    to,
  )
  yield sql('DELETE FROM totals WHERE slot >= ? AND slot <= ?', from, to)
  yield* insertRows(
    'totals',
    ['slot', ...keys, ...totalCounts],
    rows.map((row) => [
      slot,
      ...keys.map((key) => textIn(row, key)),
      ...totalCounts.map((count) => numberIn(row, count)),
    ]),
  )
}
