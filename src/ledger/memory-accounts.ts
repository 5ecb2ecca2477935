import type { BoundAccount, Claim, ClaimAnswer, Account, Standing, Try } from '../core/ledger.ts'

interface Row {
  readonly name: string
  readonly from: number
  readonly until: number
  spentNano: number
  heldNano: number
}

interface OpenHold {
  readonly claim: Claim
  readonly rows: Set<Row>
}

/** What is spent and held of each account: the newest span of each is the one that counts. */
export class MemoryAccounts {
  readonly #rows = new Map<string, Row>()
  readonly #open = new Map<string, OpenHold>()
  readonly #past: () => Iterable<Try>

  /** `past` is all that has been paid for so far: an account that is new begins with its share of it. */
  constructor(past: () => Iterable<Try>) {
    this.#past = past
  }

  get open(): readonly Claim[] {
    return Array.from(this.#open.values(), ({ claim }) => claim)
  }

  hold(claim: Claim): ClaimAnswer {
    const rows = claim.accounts.map((account) => this.#row(account))
    const short = claim.accounts.findIndex(({ limitNano }, i) => !fits(rows[i]!, claim.nano, limitNano))
    if (short !== -1 && !this.#open.has(claim.id))
      return { short: standing(rows[short]!), standings: rows.map(standing) }
    if (!this.#open.has(claim.id)) {
      this.#open.set(claim.id, { claim, rows: new Set(rows) })
      for (const row of rows) row.heldNano += claim.nano
    }
    return { short: undefined, standings: rows.map(standing) }
  }

  /** What was held for it comes back, and what it did cost is spent. */
  end({ claim, nano }: Try): void {
    const hold = this.#open.get(claim.id)
    this.#open.delete(claim.id)
    for (const row of hold?.rows ?? claim.accounts.map((account) => this.#row(account))) {
      if (hold !== undefined) row.heldNano -= claim.nano
      row.spentNano += nano
    }
  }

  standings(accounts: readonly Account[]): readonly Standing[] {
    return accounts.map((account) => standing(this.#row(account)))
  }

  /** An older span than the one that is known is one that is over: whoever names it has a clock that was set back. */
  #row(account: Account | BoundAccount): Row {
    const known = this.#rows.get(account.name)
    if (known !== undefined && known.from >= account.from) return known
    const { name, from, until } = account
    const row: Row = { name, from, until, spentNano: 0, heldNano: 0 }
    this.#rows.set(name, row)
    const isIn = (claim: Claim): boolean => claim.at >= from && claim.at < until && covers(name, claim)
    for (const { claim, nano } of this.#past()) if (isIn(claim)) row.spentNano += nano
    for (const { claim, rows } of this.#open.values()) {
      if (!isIn(claim)) continue
      rows.add(row)
      row.heldNano += claim.nano
    }
    return row
  }
}

const fits = ({ spentNano, heldNano }: Row, nano: number, limitNano: number): boolean =>
  spentNano + heldNano + nano <= limitNano

const standing = ({ name, from, until, spentNano, heldNano }: Row): Standing => ({
  name,
  from,
  until,
  spentNano,
  heldNano,
})

/** Whether an account, by its name, is one that such a claim concerns. */
function covers(name: string, { caller, team, upstream }: Claim): boolean {
  const whose = name.slice(0, name.lastIndexOf('/'))
  if (whose === 'gateway') return true
  return (
    whose === `caller:${caller}` || whose === `upstream:${upstream}` || (team !== undefined && whose === `team:${team}`)
  )
}
