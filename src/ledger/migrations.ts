import { BooksFault } from './books.ts'
import type { Migration } from './migration.ts'
import { ledgerTables } from './migrations/001-ledger.ts'
import { keyTables } from './migrations/002-keys.ts'
import { auditTables } from './migrations/003-audit.ts'
import { sql, type Work } from './work.ts'

export type { Migration } from './migration.ts'

/** In this order, and only forward: how many have been done is the version of the database. */
export const migrations: readonly Migration[] = [ledgerTables, keyTables, auditTables]

/** At which version it is; 0 for one that has nothing in it yet. */
export function* versionOf(): Work<number> {
  yield sql('CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)')
  return yield* versionIn()
}

/** The same of one that is there. */
export function* versionIn(): Work<number> {
  const [row] = yield sql("SELECT value FROM meta WHERE name = 'version'")
  return Number(row?.['value'] ?? 0)
}

/** Takes the database to the last of these steps. In one transaction: it is in the old form or in the new one. */
export function* migrate(steps: readonly Migration[] = migrations): Work<void> {
  const version = yield* versionOf()
  refuseNewer(version, steps.length)
  if (version === steps.length) return
  for (const { statements } of steps.slice(version)) for (const text of statements) yield sql(text)
  yield sql(
    "INSERT INTO meta (name, value) VALUES ('version', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    String(steps.length),
  )
}

/** A program that knows less than what is in the database would do harm to it. */
export function refuseNewer(version: number, known: number): void {
  if (version <= known) return
  throw new BooksFault(
    'newer',
    `The ledger is of version ${version}, and this program knows versions up to ${known}: start the newer program that made it.`,
  )
}
