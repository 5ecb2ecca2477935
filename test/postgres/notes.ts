import type { Migration } from '../../src/ledger/migrations.ts'
import { sql, type Work } from '../../src/ledger/work.ts'

export const tables: readonly Migration[] = [
  { name: '001-notes', statements: ['CREATE TABLE notes (id TEXT PRIMARY KEY)'] },
]

/** As everything that is written there: a second time is as if it had not been. */
export function* note(id: string): Work<void> {
  yield sql('INSERT INTO notes (id) VALUES (?) ON CONFLICT DO NOTHING', id)
}

export function* count(): Work<number> {
  const [row] = yield sql('SELECT COUNT(*) AS n FROM notes')
  return Number(row?.['n'])
}
