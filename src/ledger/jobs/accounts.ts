import type { Account, Standing } from '../../core/ledger.ts'
import { slotOf } from '../slots.ts'
import { whoseIs } from '../whose.ts'
import { sql, type Row, type Value, type Work } from '../work.ts'
import { knownId } from './names.ts'
import { numberIn } from './rows.ts'

/** By name: whoever changes several of them does it in the same order as all others, and nobody waits for somebody who waits. */
export const inOrder = <A extends Pick<Account, 'name'>>(accounts: readonly A[]): readonly A[] =>
  accounts.toSorted((one, other) => (one.name < other.name ? -1 : 1))

/** How an account stands in the newest span that is known of it: a clock that was set back opens no older one. */
export function* newestOf(name: string, from: number): Work<Standing | undefined> {
  const [row] = yield sql(
    'SELECT name, from_at, until_at, spent, held FROM accounts WHERE name = ? AND from_at >= ? ORDER BY from_at DESC LIMIT 1',
    name,
    from,
  )
  return row === undefined ? undefined : standingIn(row)
}

/** As `newestOf`; one that there is not yet is made, with what was spent and set aside in its span before. */
export function* openAccount(account: Account): Work<Standing> {
  const known = yield* newestOf(account.name, account.from)
  if (known !== undefined) return known
  // Nothing is posted between the sum and the row.
  yield sql("UPDATE chain SET seq = seq WHERE name = 'requests'")
  const begun = yield* sumsOf(account)
  yield sql(
    'INSERT INTO accounts (name, from_at, until_at, spent, held) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    account.name,
    account.from,
    account.until,
    begun.spentNano,
    begun.heldNano,
  )
  for (const hold of begun.holds) {
    yield sql(
      'INSERT INTO hold_accounts (hold, name, from_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      hold,
      account.name,
      account.from,
    )
  }
  return (yield* newestOf(account.name, account.from)) ?? begun
}

/** What came together in a span, for an account that has no row. */
export function* sumsOf(account: Account): Work<Standing & { readonly holds: readonly string[] }> {
  const { name, from, until } = account
  const { kind, name: whose } = whoseIs(name)
  const spender = kind === 'caller' ? ((yield* knownId('caller', whose)) ?? '?') : whose
  const [spent] = yield mineOf('SELECT SUM(nano) AS nano FROM spending WHERE slot >= ? AND slot < ?', kind, [
    slotOf(from),
    slotOf(until),
    spender,
  ])
  const holds = yield mineOf('SELECT id, nano FROM holds WHERE at >= ? AND at < ?', kind, [from, until, whose])
  return {
    name,
    from,
    until,
    spentNano: numberIn(spent, 'nano'),
    heldNano: holds.reduce((sum, row) => sum + numberIn(row, 'nano'), 0),
    holds: holds.map((row) => String(row['id'])),
  }
}

/** The last value says whose; the gateway's is all there is. */
const mineOf = (text: string, kind: string, values: readonly Value[]) =>
  kind === 'gateway' ? sql(text, ...values.slice(0, -1)) : sql(`${text} AND ${kind} = ?`, ...values)

export const standingIn = (row: Row): Standing => ({
  name: String(row['name']),
  from: numberIn(row, 'from_at'),
  until: numberIn(row, 'until_at'),
  spentNano: numberIn(row, 'spent'),
  heldNano: numberIn(row, 'held'),
})
