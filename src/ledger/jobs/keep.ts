import { hash as hashOf } from 'node:crypto'
import { linkOf } from '../chain.ts'
import { slotMs, slotOf } from '../slots.ts'
import { labels } from '../calendar.ts'
import { sql, type Row, type Work } from '../work.ts'
import { knownId } from './names.ts'
import { insertRows, numberIn } from './rows.ts'
import { totalCounts, totalKeys } from './totals.ts'

/** A link of the chain that is no request: what was done to the rows before it. */
export type Note =
  /** All days before a slot are sums now, since the one before; nothing is added to them any more. Of these sums a hash. */
  | { readonly type: 'closed'; readonly since: number; readonly slot: number; readonly totals: string }
  /** Ids that lead back to nobody from here on. */
  | { readonly type: 'forgotten'; readonly ids: readonly string[] }

/** Adds up each day that ended before `before` in one sum for all that are alike. From then on its rows may go. */
export function* closeDays(before: number, timeZone: string): Work<void> {
  const [head] = yield sql("UPDATE chain SET seq = seq WHERE name = 'requests' RETURNING retired_slot")
  const since = numberIn(head, 'retired_slot')
  const dayOf = dayNames(timeZone)
  let slot = slotOf(before)
  while (dayOf(slot - 1) === dayOf(slot)) slot -= 1
  const [some] = yield sql('SELECT slot FROM totals WHERE slot >= ? AND slot < ? LIMIT 1', since, slot)
  if (some === undefined) return
  yield* foldDays(since, slot, dayOf)
  yield sql("UPDATE chain SET retired_slot = ? WHERE name = 'requests'", slot)
  yield* addNote({ type: 'closed', since, slot, totals: yield* digestOf(since, slot) })
}

/** Lets go of rows of days that are closed, so many at most. They leave from the beginning of the chain; tells how many went. */
export function* letGo(rowsMax: number): Work<number> {
  const [head] = yield sql("UPDATE chain SET seq = seq WHERE name = 'requests' RETURNING start_seq, retired_slot")
  const [start, closed] = [numberIn(head, 'start_seq'), numberIn(head, 'retired_slot') * slotMs]
  const rows = yield sql('SELECT seq, at, hash FROM requests WHERE seq > ? ORDER BY seq LIMIT ?', start, rowsMax)
  const stays = rows.findIndex((row) => numberIn(row, 'at') >= closed)
  const going = stays === -1 ? rows : rows.slice(0, stays)
  const last = going.at(-1)
  if (last === undefined) return 0
  const seq = numberIn(last, 'seq')
  yield sql('DELETE FROM requests WHERE seq <= ?', seq)
  const hash = String(last['hash'])
  yield sql("UPDATE chain SET start_seq = ?, start_hash = ? WHERE name = 'requests'", seq, hash)
  return going.length
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

/** Of the sums of some slots. */
export function* digestOf(since: number, until: number): Work<string> {
  const columns = [...totalKeys, ...totalCounts]
  const rows = yield sql(`SELECT ${columns.join(', ')} FROM totals WHERE slot >= ? AND slot < ?`, since, until)
  const lines = rows.map((row) => JSON.stringify(columns.map((name) => textIn(row, name))))
  return hashOf('sha256', lines.sort().join('\n'))
}

const textIn = (row: Row, name: string): string => String(row[name])

function dayNames(timeZone: string): (slot: number) => string {
  const label = labels(timeZone)
  return (slot) => label('day', slot * slotMs)
}

/** Of each day, the sums of its quarters of an hour become one. */
function* foldDays(since: number, until: number, dayOf: (slot: number) => string): Work<void> {
  const rows = yield sql('SELECT DISTINCT slot FROM totals WHERE slot >= ? AND slot < ?', since, until)
  const slots = rows.map((row) => numberIn(row, 'slot')).sort((one, other) => one - other)
  for (const [, [first = 0, ...others]] of Map.groupBy(slots, dayOf)) {
    let begin = first
    while (begin > since && dayOf(begin - 1) === dayOf(first)) begin -= 1
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
