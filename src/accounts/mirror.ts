import type { Standing, Try } from '../core/ledger.ts'
import type { Bound } from './bounds.ts'
import type { Window } from './windows.ts'

interface Row {
  from: number
  until: number
  spentNano: number
  heldNano: number
  /** Asked of the ledger, which has not answered so far. */
  pendingNano: number
}

/** How an account stands, as far as is known here. */
export interface Seen {
  readonly spentNano: number
  readonly heldNano: number
}

const nothing: Seen = { spentNano: 0, heldNano: 0 }

/**
 * What the ledger last said of the accounts, and what has happened here since: good enough to decide who need not even try,
 * at once and without asking anybody. It is the ledger that decides in the end.
 */
export class Mirror {
  readonly #rows = new Map<string, Row>()

  /** What is not known has nothing spent so far: the ledger will say so otherwise. */
  seen(name: string, { from }: Window): Seen {
    const row = this.#rows.get(name)
    // What was spent in an older window is no matter of this one.
    if (row === undefined || row.from < from) return nothing
    return { spentNano: row.spentNano, heldNano: row.heldNano + row.pendingNano }
  }

  /** How much may be set aside of it now. */
  room({ name, limitNano }: Bound, { from }: Window): number {
    const row = this.#rows.get(name)
    if (row === undefined || row.from < from) return limitNano
    return limitNano - row.spentNano - row.heldNano - row.pendingNano
  }

  /** The ledger's own word, which ends all guesses. Of an older window than is known it says nothing new. */
  saw(standings: readonly Standing[]): void {
    for (const { name, from, until, spentNano, heldNano } of standings) {
      const row = this.#rows.get(name)
      if (row === undefined) this.#rows.set(name, { from, until, spentNano, heldNano, pendingNano: 0 })
      else if (from >= row.from) Object.assign(row, { from, until, spentNano, heldNano })
    }
  }

  /** So much is being set aside: whoever looks meanwhile finds it gone. A negative amount takes that back. */
  pend(
    accounts: readonly { readonly name: string; readonly from: number; readonly until: number }[],
    nano: number,
  ): void {
    for (const { name, from, until } of accounts) {
      const row = this.#rows.get(name)
      if (row !== undefined) row.pendingNano += nano
      else if (nano > 0) this.#rows.set(name, { from, until, spentNano: 0, heldNano: 0, pendingNano: nano })
    }
  }

  /** Nobody has looked at it for long. What the ledger knows of it is asked when somebody does. */
  forget(name: string): void {
    if (this.#rows.get(name)?.pendingNano === 0) this.#rows.delete(name)
  }

  /** What was held for it is back, and what it did cost is spent. */
  closed({ claim, nano }: Try): void {
    for (const { name, from } of claim.accounts) {
      const row = this.#rows.get(name)
      // The window in which it was held is over, and with it all that was held in it.
      if (row === undefined || row.from !== from) continue
      row.heldNano = Math.max(0, row.heldNano - claim.nano)
      row.spentNano += nano
    }
  }
}
