import type { Account, Claim, ClaimAnswer, Entry, Standing, Try, Used } from '../../core/ledger.ts'
import { linkOf } from '../chain.ts'
import { contentOf } from '../content.ts'
import { slotOf } from '../slots.ts'
import { sql, type Work } from '../work.ts'
import { inOrder, newestOf, openAccount, standingIn, sumsOf } from './accounts.ts'
import { knownId, Names } from './names.ts'
import { insertRows, numberIn, rowsOf, takeRows } from './rows.ts'
import { Spent, Totals } from './totals.ts'

/**
 * Sets money aside from all accounts of a claim, or from none. Asked for the same claim again, it says again that it is set
 * aside; for a request that has ended nothing is, since nobody would ever end it.
 */
export function* hold(claim: Claim, owner: string): Work<ClaimAnswer> {
  const bound = inOrder(claim.accounts)
  const stands: Standing[] = []
  for (const account of bound) stands.push(yield* openAccount(account))
  const [held] = yield sql('SELECT id FROM holds WHERE id = ?', claim.id)
  if (held !== undefined) return { short: undefined, standings: stands }
  const [over] = yield sql('SELECT id FROM requests WHERE id = ?', claim.requestId)
  if (over !== undefined) throw new RangeError(`The request ${claim.requestId} has ended.`)

  for (const [i, { limitNano }] of bound.entries()) {
    const { name, from } = stands[i]!
    const [row] = yield sql(
      `UPDATE accounts SET held = held + ? WHERE name = ? AND from_at = ? AND spent + held + ? <= ?
       RETURNING name, from_at, until_at, spent, held`,
      claim.nano,
      name,
      from,
      claim.nano,
      limitNano,
    )
    if (row === undefined) {
      for (const taken of stands.slice(0, i)) yield* giveBack(taken, claim.nano)
      const now = yield* standingsNow(stands)
      return { short: now[i], standings: now }
    }
    stands[i] = standingIn(row)
  }
  yield* insertRows(
    'holds',
    ['id', 'owner', 'nano', 'at', 'caller', 'team', 'upstream', 'claim'],
    [[claim.id, owner, claim.nano, claim.at, claim.caller, claim.team ?? '', claim.upstream, JSON.stringify(claim)]],
  )
  yield* insertRows(
    'hold_accounts',
    ['hold', 'name', 'from_at'],
    stands.map(({ name, from }) => [claim.id, name, from]),
  )
  return { short: undefined, standings: stands }
}

function* giveBack({ name, from }: Account, nano: number): Work<void> {
  yield sql('UPDATE accounts SET held = held - ? WHERE name = ? AND from_at = ?', nano, name, from)
}

function* standingsNow(accounts: readonly Account[]): Work<readonly Standing[]> {
  const found: Standing[] = []
  for (const { name, from } of accounts) found.push((yield* newestOf(name, from))!)
  return found
}

/**
 * Takes down how requests ended: each once, whatever is asked for again. Their money is moved from what was set aside to what
 * was spent in the same breath, and the chain grows by a link each.
 */
export function* close(entries: readonly Entry[]): Work<void> {
  // Whoever moves the head has the chain for itself until its transaction ends.
  const [head] = yield sql("UPDATE chain SET seq = seq WHERE name = 'requests' RETURNING seq, hash, retired_slot")
  const fresh = yield* unknownOf(entries)
  const ended = yield* endHolds(entries)
  const changes = new Map<string, Change>()
  for (const { tries } of fresh) settle(tries, true, ended, changes)
  // What is told again ends nothing again; a hold that the first telling left open ends all the same.
  for (const { tries } of entries) settle(tries, false, ended, changes)
  yield* change(changes)
  if (fresh.length === 0) return

  let seq = numberIn(head, 'seq')
  let hash = String(head?.['hash'])
  const names = new Names()
  const totals = new Totals(numberIn(head, 'retired_slot'))
  const spent = new Spent(numberIn(head, 'retired_slot'))
  const rows: (string | number)[][] = []
  for (const entry of fresh) {
    const ids = { caller: yield* names.idOf('caller', entry.caller), key: yield* names.idOf('key', entry.key) }
    const content = contentOf(entry, ids)
    hash = linkOf(hash, content)
    seq += 1
    rows.push([seq, entry.id, entry.at, content, hash])
    totals.add(entry, ids)
    for (const { claim, nano } of entry.tries) {
      if (nano !== 0) spent.add(claim, yield* names.idOf('caller', claim.caller), nano)
    }
  }
  yield* insertRows('requests', ['seq', 'id', 'at', 'content', 'hash'], rows)
  yield sql("UPDATE chain SET seq = ?, hash = ? WHERE name = 'requests'", seq, hash)
  yield* totals.write()
  yield* spent.write()
}

/** Those that are not in the books yet. */
function* unknownOf(entries: readonly Entry[]): Work<readonly Entry[]> {
  const byId = new Map<string, Entry>()
  for (const entry of entries) if (!byId.has(entry.id)) byId.set(entry.id, entry)
  for (const row of yield* rowsOf('id', 'requests', 'id', [...byId.keys()])) byId.delete(String(row['id']))
  return [...byId.values()]
}

/** Of one account: how much is not set aside any more, and how much is spent. */
interface Change {
  readonly name: string
  readonly from: number
  heldNano: number
  spentNano: number
}

/** What was set aside for a try, and from which accounts. */
interface Ended {
  readonly nano: number
  readonly accounts: { readonly name: string; readonly from: number }[]
}

/** Takes out what was set aside for all that was tried, wherever something still is. */
function* endHolds(entries: readonly Entry[]): Work<Map<string, Ended>> {
  const ids = new Set(entries.flatMap(({ tries }) => tries.map(({ claim }) => claim.id)))
  const ended = new Map<string, Ended>()
  for (const row of yield* takeRows('id, nano', 'holds', 'id', [...ids]))
    ended.set(String(row['id']), { nano: numberIn(row, 'nano'), accounts: [] })
  for (const row of yield* takeRows('hold, name, from_at', 'hold_accounts', 'hold', [...ended.keys()]))
    ended.get(String(row['hold']))!.accounts.push({ name: String(row['name']), from: numberIn(row, 'from_at') })
  return ended
}

/** Where no hold is left, a try that is new was paid for nevertheless. */
function settle(tries: readonly Try[], isNew: boolean, ended: Map<string, Ended>, changes: Map<string, Change>): void {
  for (const { claim, nano } of tries) {
    const held = ended.get(claim.id)
    ended.delete(claim.id)
    if (held === undefined && !isNew) continue
    for (const { name, from } of held?.accounts ?? claim.accounts) {
      const at = `${name}\n${from}`
      const known = changes.get(at) ?? { name, from, heldNano: 0, spentNano: 0 }
      known.heldNano += held?.nano ?? 0
      known.spentNano += nano
      changes.set(at, known)
    }
  }
}

function* change(changes: ReadonlyMap<string, Change>): Work<void> {
  for (const { name, from, heldNano, spentNano } of inOrder([...changes.values()])) {
    yield sql(
      'UPDATE accounts SET held = held - ?, spent = spent + ? WHERE name = ? AND from_at = ?',
      heldNano,
      spentNano,
      name,
      from,
    )
  }
}

/** How accounts stand, without making any. */
export function* standings(accounts: readonly Account[]): Work<readonly Standing[]> {
  const found: Standing[] = []
  for (const account of accounts) {
    const known = yield* newestOf(account.name, account.from)
    if (known !== undefined) {
      found.push(known)
      continue
    }
    const { holds: _, ...begun } = yield* sumsOf(account)
    found.push(begun)
  }
  return found
}

/** What one caller or team has used up since a border of the calendar. */
export function* used(
  whose: { readonly caller?: string | undefined; readonly team?: string | undefined },
  since: number,
): Work<Used> {
  const column = whose.caller === undefined ? 'team' : 'caller'
  const who = whose.caller === undefined ? whose.team : yield* knownId('caller', whose.caller)
  if (who === undefined) return { tokens: 0, gpuMs: 0 }
  const [row] = yield sql(
    `SELECT SUM(input_tokens + output_tokens) AS tokens, SUM(gpu_ms) AS gpu_ms FROM totals WHERE slot >= ? AND ${column} = ?`,
    slotOf(since),
    who,
  )
  return { tokens: numberIn(row, 'tokens'), gpuMs: numberIn(row, 'gpu_ms') }
}
