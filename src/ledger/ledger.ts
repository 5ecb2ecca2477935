import type {
  Account,
  Claim,
  ClaimAnswer,
  Entry,
  Ledger,
  ReportQuery,
  ReportRow,
  Standing,
  Used,
} from '../core/ledger.ts'
import type { World } from '../core/world.ts'
import type { Books } from './books.ts'
import type { Drain } from './drain.ts'
import type { Holds } from './holds.ts'
import type { Journal } from './journal.ts'
import { closeRecord, heardRecord, sentRecord } from './journal-record.ts'
import type { Trouble } from './trouble.ts'

/** A try for money that has left and is not over. */
interface UnderWay {
  outputTokens: number
  /** When that was last written down. */
  writtenAt: number
}

/** What is known of the tries under way, for whoever finds it after a crash. */
export class TriesUnderWay {
  readonly #tries = new Map<string, UnderWay>()

  get heard(): ReadonlyMap<string, number> {
    return new Map(Array.from(this.#tries, ([id, { outputTokens }]) => [id, outputTokens]))
  }

  begin(claimId: string, now: number): void {
    this.#tries.set(claimId, { outputTokens: 0, writtenAt: now })
  }

  of(claimId: string): UnderWay | undefined {
    return this.#tries.get(claimId)
  }

  end(claimId: string): void {
    this.#tries.delete(claimId)
  }

  /** As they are written down. */
  *records(): Generator<string> {
    for (const [id, { outputTokens }] of this.#tries) {
      yield sentRecord(id)
      if (outputTokens > 0) yield heardRecord(id, outputTokens)
    }
  }
}

export interface LedgerParts {
  readonly journal: Journal
  readonly books: Books
  readonly drain: Drain
  readonly holds: Holds
  readonly underWay: TriesUnderWay
  readonly trouble: Trouble
  readonly world: World
  /** Every request is on the disk before its caller hears the end, and not only those that cost money. */
  readonly syncAll: () => boolean
}

/** What would be lost of a try by a crash is what it says in this time. */
const heardEveryMs = 1_000

/** The ledger as the rest of the house sees it: the journal takes down at once, and the books set aside and remember. */
export class JournaledLedger implements Ledger {
  readonly #parts: LedgerParts

  constructor(parts: LedgerParts) {
    this.#parts = parts
  }

  get trouble(): string | undefined {
    return this.#parts.trouble.text
  }

  hold(claim: Claim): Promise<ClaimAnswer> {
    return this.#parts.holds.hold(claim)
  }

  sent({ id }: Claim): void {
    const { journal, underWay, world } = this.#parts
    underWay.begin(id, world.now())
    journal.note(sentRecord(id))
  }

  heard({ id }: Claim, outputTokens: number): void {
    const { journal, underWay, world } = this.#parts
    const known = underWay.of(id)
    if (known === undefined) return
    known.outputTokens = outputTokens
    const now = world.now()
    if (now - known.writtenAt < heardEveryMs) return
    known.writtenAt = now
    journal.note(heardRecord(id, outputTokens))
  }

  close(entry: Entry): Promise<void> | undefined {
    const { journal, drain, underWay, syncAll } = this.#parts
    const isPaid = entry.tries.length > 0
    for (const { claim } of entry.tries) underWay.end(claim.id)
    const record = closeRecord(JSON.stringify(entry))
    const isWritten = journal.add(record, isPaid)
    drain.begin(isPaid)
    if (!isPaid && !syncAll()) return undefined
    return isWritten ? journal.synced(record) : Promise.reject(new Error('There is no space left for the ledger.'))
  }

  standings(accounts: readonly Account[]): Promise<readonly Standing[]> {
    return this.#parts.books.run('standings', accounts)
  }

  report(query: ReportQuery): Promise<readonly ReportRow[]> {
    return this.#parts.books.run('report', query)
  }

  used(whose: { readonly caller?: string; readonly team?: string }, since: number): Promise<Used> {
    return this.#parts.books.run('used', whose, since)
  }
}
