import type { Claim } from '../../core/ledger.ts'
import { sql, type Work } from '../work.ts'
import { numberIn } from './rows.ts'

/** A process that sets money aside. */
export interface Owner {
  readonly id: string
  /** Where it runs, for whoever has to find out whether it still does. */
  readonly place: string
  readonly seenAt: number
}

/** It is alive. */
export function* heartbeat(id: string, place: string, at: number): Work<void> {
  yield sql(
    `INSERT INTO owners (id, place, seen_at) VALUES (?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET place = excluded.place, seen_at = excluded.seen_at`,
    id,
    place,
    at,
  )
}

export function* listOwners(): Work<readonly Owner[]> {
  const rows = yield sql('SELECT id, place, seen_at FROM owners ORDER BY id')
  return rows.map((row) => ({
    id: String(row['id']),
    place: String(row['place']),
    seenAt: numberIn(row, 'seen_at'),
  }))
}

/** It has gone, and has nothing set aside any more. */
export function* forgetOwner(id: string): Work<void> {
  yield sql('DELETE FROM owners WHERE id = ?', id)
}

/** What it has set aside that has not come to an end. */
export function* openHolds(owner: string): Work<readonly Claim[]> {
  const rows = yield sql('SELECT claim FROM holds WHERE owner = ? ORDER BY at, id', owner)
  return rows.map((row) => JSON.parse(String(row['claim'])) as Claim)
}

/** Who has something set aside, alive or not. */
export function* holdOwners(): Work<readonly string[]> {
  const rows = yield sql('SELECT DISTINCT owner FROM holds ORDER BY owner')
  return rows.map((row) => String(row['owner']))
}
