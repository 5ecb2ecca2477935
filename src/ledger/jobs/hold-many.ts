import type { BoundAccount, Claim, ClaimAnswer, Standing } from '../../core/ledger.ts'
import { sql, type Value, type Work } from '../work.ts'
import { inOrder, openAccount } from './accounts.ts'
import { insertRows, rowsOf } from './rows.ts'

/** Of each claim what `hold` would have answered to it; undefined for one whose request has ended. */
type Answers = readonly (ClaimAnswer | undefined)[]

/**
 * As `hold` for one claim after the other, with as many statements as for a few: a rush of hundreds on one budget is decided
 * in memory. That is right since nobody else writes until this is kept.
 */
export function* holdMany(claims: readonly Claim[], owner: string): Work<Answers> {
  const stands = new Stands()
  for (const { accounts } of claims) for (const account of accounts) yield* stands.open(account)
  const held = new Set((yield* rowsOf('id', 'holds', 'id', idsOf(claims, 'id'))).map(({ id }) => id))
  const over = new Set((yield* rowsOf('id', 'requests', 'id', idsOf(claims, 'requestId'))).map(({ id }) => id))
  const holds: Value[][] = []
  const links: Value[][] = []
  const answers = claims.map((claim): ClaimAnswer | undefined => {
    const bound = inOrder(claim.accounts)
    if (held.has(claim.id)) return { short: undefined, standings: stands.of(bound) }
    if (over.has(claim.requestId)) return undefined
    const short = stands.take(claim.nano, bound)
    const standings = stands.of(bound)
    if (short >= 0) return { short: standings[short], standings }
    held.add(claim.id)
    const { id, nano, at, caller, team = '', upstream } = claim
    holds.push([id, owner, nano, at, caller, team, upstream, JSON.stringify(claim)])
    for (const { name, from } of standings) links.push([id, name, from])
    return { short: undefined, standings }
  })
  yield* insertRows('holds', ['id', 'owner', 'nano', 'at', 'caller', 'team', 'upstream', 'claim'], holds)
  yield* insertRows('hold_accounts', ['hold', 'name', 'from_at'], links)
  yield* stands.write()
  return answers
}

const idsOf = (claims: readonly Claim[], key: 'id' | 'requestId'): readonly string[] => [
  ...new Set(claims.map((claim) => claim[key])),
]

interface Stand {
  readonly was: Standing
  takenNano: number
}

/** Accounts as they stand, with what is being taken from them. */
class Stands {
  /** By the row, and by what was asked for: a clock that was set back is shown the newest. */
  readonly #rows = new Map<string, Stand>()
  readonly #asked = new Map<string, Stand>()

  /** From all of them, or from none: then it is the place of the first that has too little; -1 where all have enough. */
  take(nano: number, bound: readonly BoundAccount[]): number {
    const stands = bound.map((account) => this.#of(account))
    const short = bound.findIndex(({ limitNano }, i) => {
      const { was, takenNano } = stands[i]!
      return was.spentNano + was.heldNano + takenNano + nano > limitNano
    })
    if (short < 0) for (const stand of stands) stand.takenNano += nano
    return short
  }

  of(bound: readonly BoundAccount[]): readonly Standing[] {
    return bound.map((account) => {
      const { was, takenNano } = this.#of(account)
      return { ...was, heldNano: was.heldNano + takenNano }
    })
  }

  *write(): Work<void> {
    for (const { was, takenNano } of this.#rows.values()) {
      if (takenNano === 0) continue
      yield sql('UPDATE accounts SET held = held + ? WHERE name = ? AND from_at = ?', takenNano, was.name, was.from)
    }
  }

  *open(account: BoundAccount): Work<void> {
    const asked = keyOf(account.name, account.from)
    if (this.#asked.has(asked)) return
    const was = yield* openAccount(account)
    const row = keyOf(was.name, was.from)
    const stand = this.#rows.get(row) ?? { was, takenNano: 0 }
    this.#rows.set(row, stand)
    this.#asked.set(asked, stand)
  }

  #of({ name, from }: BoundAccount): Stand {
    return this.#asked.get(keyOf(name, from))!
  }
}

const keyOf = (name: string, from: number): string => `${name}\n${from}`
