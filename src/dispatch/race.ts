import type { Ask } from '../core/ask.ts'
import type { HedgeEnding } from '../core/event.ts'
import { Fault } from '../core/fault.ts'
import type { Watchdog, Watched } from '../core/watchdog.ts'
import type { Upstream } from '../fleet/upstream.ts'
import type { Lease } from '../scheduler/scheduler.ts'
import { costsMoney } from '../scheduler/paid.ts'
import { Attempt } from './attempt.ts'
import { endingFor } from './endings.ts'
import type { HedgeBudget } from './hedge-budget.ts'
import type { DispatchParts } from './parts.ts'
import { restFor } from './retries.ts'
import { costsToll, Toll, tollFor } from './toll.ts'

/** Where there was no place for a second one it is looked for again after so long, while the first is silent. */
const lookAgainMs = 250

/** Takes note of what went wrong with an attempt. */
export type Note = (fault: Fault, of: { readonly ask: Ask; readonly lease: Lease; readonly sentAt: number }) => void

export interface RaceTerms {
  readonly ask: Ask
  /** Who has let this ask down already. */
  readonly avoid: ReadonlySet<Upstream>
  /** A second one that fails is added. */
  readonly failed: WeakMap<Ask, Upstream[]>
  readonly parts: DispatchParts
  readonly note: Note
  readonly budget: HedgeBudget
  readonly clock: Watchdog
  readonly cloud: boolean
  readonly lateAfterMs: number
}

/**
 * One attempt, and a second one where the first is late: who speaks first answers, and the other is hung up on at once.
 * Whoever began the first ends its lease if it fails; all else that ends here is ended here.
 */
export class Race implements Watched {
  slot = -1
  deadline: number
  readonly #terms: RaceTerms
  readonly #first: Attempt
  #second: Attempt | undefined
  #firstIsIn = true
  /** What the first has to say for itself when the second, on which all depends then, fails too. */
  #firstFault: Fault | undefined
  #firstBroke = false
  #decided = false
  #isPaying = false
  /** Where a second one could not be paid for. */
  readonly #unpaid: Upstream[] = []
  readonly #end = Promise.withResolvers<Attempt>()

  constructor(first: Attempt, terms: RaceTerms) {
    this.#first = first
    this.#terms = terms
    this.deadline = first.startedAt + terms.lateAfterMs
  }

  /** Resolves with the attempt that spoke first; rejects as the first did when none speaks. */
  run(): Promise<Attempt> {
    this.#terms.clock.watch(this)
    this.#enter(this.#first)
    return this.#end.promise
  }

  /** The first is late; or it is time to look again. */
  expire(): void {
    const [first, second] = [this.#first, this.#second]
    // An answer that is put together here speaks long before it is whole: that decides.
    if (!this.#firstIsIn) return
    if (first.firstTokenAt !== undefined) return this.#lose()
    if (second?.firstTokenAt !== undefined) return this.#giveUpFirst()
    if (second === undefined && !this.#isPaying && !this.#begin()) return this.#lookIn(lookAgainMs)
    if (!this.#terms.ask.stream) this.#lookIn(0)
  }

  #lookIn(ms: number): void {
    this.deadline = this.#terms.parts.world.now() + ms
    this.#terms.clock.watch(this)
  }

  #enter(attempt: Attempt): void {
    attempt.open().then(
      () => this.#spoke(attempt),
      (error: unknown) => this.#failed(attempt, error),
    )
  }

  /** True when a second one has been begun. */
  #begin(): boolean {
    const { ask, avoid, parts, budget, cloud } = this.#terms
    const { lease, startedAt } = this.#first
    const silentMs = parts.world.now() - startedAt
    if (!budget.affords) return false
    // What may have been run for money is not run for money again.
    const wish = { cloud: cloud && !costsMoney(lease.upstream), withinMs: silentMs }
    const second = parts.scheduler.tryAcquire(ask, new Set([...avoid, ...this.#unpaid, lease.upstream]), wish)
    if (second === undefined) return false
    if (!costsToll(ask, second)) return this.#join(second, undefined)
    void this.#pay(second)
    return true
  }

  /** The money comes first. Meanwhile the first may speak, or give up. */
  async #pay(second: Lease): Promise<void> {
    this.#isPaying = true
    const toll = await tollFor(this.#terms.ask, second)
    this.#isPaying = false
    const isWanted = !this.#decided && this.#first.firstTokenAt === undefined
    if (toll instanceof Toll && isWanted && this.#join(second, toll)) return
    if (toll instanceof Toll) toll.release()
    else this.#unpaid.push(second.upstream)
    second.end('ignored')
    if (!this.#decided) this.#lookIn(lookAgainMs)
  }

  #join(second: Lease, toll: Toll | undefined): boolean {
    const { ask, parts, budget } = this.#terms
    try {
      this.#second = new Attempt(ask, second, parts, { toll })
    } catch {
      // It cannot be said there after all.
      second.end('ignored')
      return false
    }
    budget.spend()
    const afterMs = parts.world.now() - this.#first.startedAt
    parts.emit({ type: 'ask-hedged', ask, upstream: nameOf(second), afterMs })
    this.#enter(this.#second)
    return true
  }

  #spoke(attempt: Attempt): void {
    if (this.#decided) return
    if (attempt === this.#first) {
      if (!this.#firstIsIn) return
      this.#lose()
    } else if (attempt === this.#second) {
      if (this.#firstIsIn) this.#giveUpFirst()
      if (this.#firstBroke) this.#tellFailed(this.#first, this.#firstFault!)
      this.#tellEnd('won', this.#first)
    } else return
    this.#decide()
    this.#end.resolve(attempt)
  }

  #failed(attempt: Attempt, error: unknown): void {
    if (this.#decided) return
    const fault = Fault.from(error, this.#terms.ask.signal)
    if (attempt === this.#second) return this.#secondFailed(attempt, fault)
    if (attempt !== this.#first || !this.#firstIsIn) return
    this.#firstIsIn = false
    if (this.#second !== undefined && fault.retry) {
      this.#firstFault = fault
      this.#firstBroke = true
      attempt.lease.end(endingFor(fault), { restMs: restFor(fault) })
      return
    }
    this.#lose()
    this.#decide()
    this.#end.reject(fault)
  }

  #secondFailed(second: Attempt, fault: Fault): void {
    const { ask, failed } = this.#terms
    second.lease.end(endingFor(fault), { restMs: restFor(fault) })
    this.#tellFailed(second, fault)
    failed.set(ask, [...(failed.get(ask) ?? []), second.lease.upstream])
    this.#tellEnd('failed', second)
    this.#second = undefined
    // It has had its second chance.
    this.#terms.clock.release(this)
    if (this.#firstIsIn) return
    this.#decide()
    this.#end.reject(this.#firstFault)
  }

  /** The first is hung up on, since the second has begun to speak. */
  #giveUpFirst(): void {
    const { lease } = this.#first
    this.#firstIsIn = false
    this.#firstFault ??= new Fault('upstream-slow', `The server ${nameOf(lease)} gave no first token in time.`)
    this.#first.close()
    lease.end('ignored')
  }

  /** The second is hung up on, if there is one. */
  #lose(): void {
    const second = this.#second
    if (second === undefined) return
    second.close()
    second.lease.end('ignored')
    this.#tellEnd('lost', second)
    this.#second = undefined
  }

  #decide(): void {
    this.#decided = true
    this.#terms.clock.release(this)
  }

  #tellFailed({ lease, startedAt }: Attempt, fault: Fault): void {
    const { ask, note } = this.#terms
    note(fault, { ask, lease, sentAt: startedAt })
  }

  #tellEnd(ending: HedgeEnding, loser: Attempt): void {
    const { ask, parts } = this.#terms
    const { promptTokens, outputTokens } = loser.usage
    const upstream = nameOf(this.#second!.lease)
    parts.emit({ type: 'hedge-ended', ask, upstream, ending, wastedTokens: promptTokens + outputTokens })
  }
}

const nameOf = ({ upstream }: Lease): string => upstream.settings.name
