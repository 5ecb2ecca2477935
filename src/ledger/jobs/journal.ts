import type { Entry } from '../../core/ledger.ts'
import { entriesIn, type Stretch } from '../stretch.ts'
import { sql, type Work } from '../work.ts'
import { close } from './money.ts'
import { numberIn } from './rows.ts'

/** As `close`, for entries as they stand in the journal: one text crosses threads at once, and is taken apart over there. */
export function* closeText(entries: string): Work<void> {
  yield* close(JSON.parse(entries) as readonly Entry[])
}

/** As `close`, for entries that lie in the journal. */
export function* closeStretch(stretch: Stretch): Work<void> {
  const entries = entriesIn(stretch)
  if (entries.length < stretch.entries)
    throw new RangeError(`Only ${entries.length} of ${stretch.entries} requests can be read.`)
  yield* close(entries.map((text) => JSON.parse(text) as Entry))
}

/** Nobody wants what was set aside any more, and it is as if it had never been. */
export function* release(claimIds: readonly string[]): Work<void> {
  for (const id of claimIds) {
    const [hold] = yield sql('DELETE FROM holds WHERE id = ? RETURNING nano', id)
    if (hold === undefined) continue
    const accounts = yield sql('DELETE FROM hold_accounts WHERE hold = ? RETURNING name, from_at', id)
    for (const account of accounts.toSorted((one, other) => (String(one['name']) < String(other['name']) ? -1 : 1))) {
      const { name, from_at: from } = account as { name: string; from_at: number }
      yield sql(
        'UPDATE accounts SET held = held - ? WHERE name = ? AND from_at = ?',
        numberIn(hold, 'nano'),
        name,
        from,
      )
    }
  }
}
