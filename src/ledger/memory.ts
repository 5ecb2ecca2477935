import type {
  Account,
  Claim,
  ClaimAnswer,
  Entry,
  Ledger,
  ReportQuery,
  ReportRow,
  Standing,
  Try,
  Used,
} from '../core/ledger.ts'
import type { World } from '../core/world.ts'
import { MemoryAccounts } from './memory-accounts.ts'
import { reportOf } from './memory-report.ts'

export interface MemoryLedgerOptions {
  /** Of the requests that have ended, so many are remembered; what accounts stand at does not depend on it. */
  readonly keep?: number | undefined
  /** For a ledger that takes its time. */
  readonly world?: Pick<World, 'sleep'> | undefined
}

/** A ledger that lives as long as its process: for an application without a data folder, and for the simulator. */
export class MemoryLedger implements Ledger {
  /** Set it and nothing can be set aside, as when the database is gone. */
  trouble: string | undefined
  /** How long it takes to set something aside. */
  holdMs = 0
  readonly #world: Pick<World, 'sleep'> | undefined
  readonly #keep: number
  readonly #accounts = new MemoryAccounts(() => this.#tries())
  readonly #entries = new Map<string, Entry>()
  readonly #heard = new Map<string, number>()

  constructor({ keep = 4_000, world }: MemoryLedgerOptions = {}) {
    this.#keep = keep
    this.#world = world
  }

  /** In the order in which they ended. */
  get entries(): readonly Entry[] {
    return [...this.#entries.values()]
  }

  /** What is held at this moment. */
  get open(): readonly Claim[] {
    return this.#accounts.open
  }

  /** The tokens last told of a try that has left and is not over; undefined for one that has not left. */
  heardOf(claim: Claim): number | undefined {
    return this.#heard.get(claim.id)
  }

  async hold(claim: Claim): Promise<ClaimAnswer> {
    if (this.holdMs > 0) await this.#world?.sleep(this.holdMs)
    if (this.trouble !== undefined) throw new Error(this.trouble)
    return this.#accounts.hold(claim)
  }

  sent({ id }: Claim): void {
    this.#heard.set(id, 0)
  }

  heard({ id }: Claim, outputTokens: number): void {
    this.#heard.set(id, outputTokens)
  }

  close(entry: Entry): Promise<void> | undefined {
    if (this.#entries.has(entry.id)) return undefined
    for (const tried of entry.tries) {
      this.#heard.delete(tried.claim.id)
      this.#accounts.end(tried)
    }
    this.#entries.set(entry.id, entry)
    if (this.#entries.size > this.#keep) this.#entries.delete(this.#entries.keys().next().value!)
    return entry.tries.length === 0 ? undefined : Promise.resolve()
  }

  standings(accounts: readonly Account[]): Promise<readonly Standing[]> {
    return Promise.resolve(this.#accounts.standings(accounts))
  }

  report(query: ReportQuery): Promise<readonly ReportRow[]> {
    return Promise.resolve(reportOf(this.#entries.values(), query))
  }

  used({ caller, team }: { readonly caller?: string; readonly team?: string }, since: number): Promise<Used> {
    const used = { tokens: 0, gpuMs: 0 }
    for (const entry of this.#entries.values()) {
      if (entry.at < since || (caller !== undefined && entry.caller !== caller)) continue
      if (team !== undefined && entry.team !== team) continue
      used.tokens += entry.inputTokens + entry.outputTokens
      used.gpuMs += entry.gpuMs
    }
    return Promise.resolve(used)
  }

  *#tries(): Iterable<Try> {
    for (const { tries } of this.#entries.values()) yield* tries
  }
}
