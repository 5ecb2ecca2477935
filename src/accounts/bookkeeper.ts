import type { Ask, Caller } from '../core/ask.ts'
import type { Emit, Event } from '../core/event.ts'
import type { Fault } from '../core/fault.ts'
import type { Ledger, Try } from '../core/ledger.ts'
import type { Shop } from '../core/purse.ts'
import type { Outcome } from '../core/reply.ts'
import { noUsage, type Usage } from '../core/usage.ts'
import type { World } from '../core/world.ts'
import { entryOf } from './entry.ts'
import { AskPurse } from './purse.ts'
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
    if (purse instanceof AskPurse) purse.granted = event
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
    const { ledger, cashier, world, emit } = this.#parts
    const { ask } = this
    const purse = this.#purse
    const tries = purse?.close(outcome) ?? []
    this.#hold?.end(outcome.usage, outcome.gpuMs ?? 0)
    const savedNano = outcome.tier === 0 && outcome.fault === undefined ? this.#saved(outcome) : 0
    const entry = entryOf(ask, { id: purse?.id ?? ask.id, outcome, tries, savedNano }, world)
    this.#writing = ledger.close(entry)
    if (tries.length > 0) this.#costNano = entry.nano
    if (savedNano > 0) this.#savedNano = savedNano
    for (const tried of tries) {
      cashier.closed(tried)
      const { claim, nano, estimated } = tried
      if (nano > 0) emit({ type: 'money-spent', ask, upstream: claim.upstream, model: claim.model, nano, estimated })
    }
    return this.#writing
  }

  /** It came to nothing. Where nothing was tried there is nothing to take down. */
  fail(fault: Fault): Promise<void> | undefined {
    const { ask } = this
    const granted = this.#purse?.granted
    const tries = this.#purse?.close({ upstream: '', usage: noUsage }) ?? []
    if (granted === undefined || (tries.length === 0 && granted.tier > 0)) {
      this.#hold?.end(noUsage, 0)
      return undefined
    }
    const { upstream, tier, spilled } = granted
    const totalMs = this.#parts.world.now() - ask.arrivedAt
    const seen = { attempts: Math.max(1, tries.length), waitMs: 0, firstTokenMs: undefined, totalMs }
    return this.close({ usage: usedBy(tries), upstream, tier, spilled, ...seen, fault })
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
