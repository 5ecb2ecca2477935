import type { Ask, Caller } from '../core/ask.ts'
import type { Emit, Event } from '../core/event.ts'
import { Fault } from '../core/fault.ts'
import type { Ledger, Try } from '../core/ledger.ts'
import { paidTier } from '../core/money.ts'
import type { Shop } from '../core/purse.ts'
import type { Outcome } from '../core/reply.ts'
import { noUsage, type Usage } from '../core/usage.ts'
import type { World } from '../core/world.ts'
import { type Ended, entryOf } from './entry.ts'
import { AskPurse, type Granted } from './purse.ts'
import type { QuotaHold, Quotas } from './quotas.ts'
import type { Cashier } from './cashier.ts'

export interface BookkeeperParts {
  readonly ledger: Ledger
  readonly world: World
  readonly emit: Emit
  readonly cashier: Cashier
  readonly purseOf: (caller: Caller, id: string) => AskPurse | undefined
  readonly quotas: Quotas
  /** Where a model could be had for money. */
  readonly shopsOf: (model: string) => Iterable<Shop>
  /** The same ask, whose answer is no longer than that. */
  readonly cut: (ask: Ask, outputTokensMax: number) => Ask
}

/** Takes down how each request ended, with all that was tried for it. */
export class Bookkeeper {
  readonly #parts: BookkeeperParts

  constructor(parts: BookkeeperParts) {
    this.#parts = parts
  }

  /** Where an ask is given a place is known here, since of one that fails there nobody else says so. */
  readonly listen = (event: Event): void => {
    if (event.type !== 'ask-granted') return
    const { purse } = event.ask
    if (!(purse instanceof AskPurse)) return
    purse.granted = event
    if (event.tier < paidTier) purse.grantedAtHome = event
  }

  /** Throws the Fault of one who may not use up any more. */
  open(ask: Ask): Page {
    const { quotas, purseOf, cut } = this.#parts
    const hold = quotas.enter(ask)
    // A purse of somebody else's making is theirs to look after.
    const first = ask.purse === undefined ? purseOf(ask.caller, ask.id) : ask.purse
    const purse = first instanceof AskPurse ? first.dispatched() : undefined
    let passed = hold?.outputTokensMax === undefined ? ask : cut(ask, hold.outputTokensMax)
    if (purse !== undefined && purse !== ask.purse) passed = { ...passed, purse }
    return new Page(this.#parts, passed, purse, hold)
  }
}

/** The page of one request. It is written once. */
export class Page {
  /** As it is to be passed on. */
  readonly ask: Ask
  readonly #parts: BookkeeperParts
  readonly #purse: AskPurse | undefined
  readonly #hold: QuotaHold | undefined
  #isWritten = false
  #writing: Promise<void> | undefined
  #costNano: number | undefined
  #savedNano: number | undefined

  constructor(parts: BookkeeperParts, ask: Ask, purse: AskPurse | undefined, hold: QuotaHold | undefined) {
    this.ask = ask
    this.#parts = parts
    this.#purse = purse
    this.#hold = hold
  }

  /** What it came to, once it is written; undefined where nothing was tried for money. */
  get costNano(): number | undefined {
    return this.#costNano
  }

  /** What it would have cost in the cloud, once it is written; undefined where it saved nothing. */
  get savedNano(): number | undefined {
    return this.#savedNano
  }

  /** A second time is as if it had not been. What is to be waited for is that it outlives the machine. */
  close(outcome: Outcome): Promise<void> | undefined {
    if (this.#isWritten) return this.#writing
    this.#isWritten = true
    const purse = this.#purse
    const tries = purse?.close(outcome) ?? []
    if (purse !== undefined) purse.onLate = this.#onLate
    this.#hold?.end(outcome.usage, outcome.gpuMs ?? 0)
    const savedNano = outcome.tier === 0 && outcome.fault === undefined ? this.#saved(outcome) : 0
    if (tries.length > 0) this.#costNano = tries.reduce((sum, { nano }) => sum + nano, 0)
    if (savedNano > 0) this.#savedNano = savedNano
    this.#writing = this.#write(purse?.id ?? this.ask.id, { outcome, tries, savedNano })
    return this.#writing
  }

  #write(id: string, ended: Omit<Ended, 'id'>): Promise<void> | undefined {
    const { ledger, cashier, world, emit } = this.#parts
    const { ask } = this
    const writing = ledger.close(entryOf(ask, { id, ...ended }, world))
    for (const tried of ended.tries) {
      cashier.closed(tried)
      const { claim, nano, estimated } = tried
      if (nano > 0) emit({ type: 'money-spent', ask, upstream: claim.upstream, model: claim.model, nano, estimated })
    }
    return writing
  }

  /** Its caller left, or another server was quicker, while money was being set aside for it. That comes back too. */
  readonly #onLate = (tried: Try): void => {
    const { claim } = tried
    const id = this.#isWritten ? claim.id : claim.requestId
    this.#isWritten = true
    const fault = new Fault('cancelled', 'Nobody waited for it any more.')
    const outcome = this.#failure({ upstream: claim.upstream, tier: paidTier, spilled: false }, [tried], fault)
    this.#write(id, { outcome, tries: [tried], savedNano: 0 })?.catch(() => {})
  }

  /** It came to nothing. Where nothing was tried there is nothing to take down. */
  fail(fault: Fault): Promise<void> | undefined {
    const tries = this.#purse?.close({ upstream: '', usage: noUsage }) ?? []
    // A place for which there was no money in the end was not tried.
    const granted = tries.length > 0 ? this.#purse?.granted : this.#purse?.grantedAtHome
    if (granted === undefined) {
      if (this.#purse !== undefined) this.#purse.onLate = this.#onLate
      this.#hold?.end(noUsage, 0)
      return undefined
    }
    return this.close(this.#failure(granted, tries, fault))
  }

  #failure({ upstream, tier, spilled }: Granted, tries: readonly Try[], fault: Fault): Outcome {
    const totalMs = this.#parts.world.now() - this.ask.arrivedAt
    const attempts = Math.max(1, tries.length)
    const usage = usedBy(tries)
    return { usage, upstream, tier, spilled, attempts, waitMs: 0, firstTokenMs: undefined, totalMs, fault }
  }

  /** What it would have cost at the cheapest of those who sell the model; nothing where nobody does. */
  #saved({ usage }: Outcome): number {
    let saved = Infinity
    for (const shop of this.#parts.shopsOf(this.ask.model))
      saved = Math.min(saved, this.#parts.cashier.costAt(this.ask, shop, usage) ?? Infinity)
    return saved === Infinity ? 0 : saved
  }
}

/** Of a request that came to nothing, what it used up all the same. */
const usedBy = (tries: readonly Try[]): Usage => ({
  promptTokens: tries.reduce((sum, { inputTokens }) => sum + inputTokens, 0),
  outputTokens: tries.reduce((sum, { outputTokens }) => sum + outputTokens, 0),
  estimated: tries.some(({ estimated }) => estimated),
})
