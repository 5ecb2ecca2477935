import type { Ask, Caller } from '../core/ask.ts'
import type { BudgetStanding } from '../core/budget.ts'
import type { Emit, Event } from '../core/event.ts'
import type { Fault } from '../core/fault.ts'
import type { Ledger } from '../core/ledger.ts'
import type { Shop } from '../core/purse.ts'
import type { Settings } from '../core/settings.ts'
import type { World } from '../core/world.ts'
import { Bookkeeper, type Page } from './bookkeeper.ts'
import { Cashier } from './cashier.ts'
import { priceOf } from './prices.ts'
import { AskPurse } from './purse.ts'
import { Quotas } from './quotas.ts'
import { rulesOf } from './rules.ts'

export interface TreasuryParts {
  readonly ledger: Ledger
  readonly world: World
  readonly emit: Emit
  readonly settings: () => Settings
  /** Where a model could be had for money. */
  readonly shopsOf: (model: string) => Iterable<Shop>
  /** The same ask, whose answer is no longer than that. */
  readonly cut: (ask: Ask, outputTokensMax: number) => Ask
}

/** All about what requests may use up, and what they did: purses for money, quotas for the rest, and a page for each. */
export class Treasury {
  readonly #parts: TreasuryParts
  readonly #cashier: Cashier
  readonly #quotas: Quotas
  readonly #bookkeeper: Bookkeeper

  constructor(parts: TreasuryParts) {
    const { ledger, world, settings } = parts
    const rules = rulesOf(settings)
    this.#parts = parts
    this.#cashier = new Cashier({ ...parts, rules, priceOf })
    this.#quotas = new Quotas({ ledger, world, rules })
    const purseOf = (caller: Caller, id: string): AskPurse | undefined => this.purseOf(caller, id)
    this.#bookkeeper = new Bookkeeper({ ...parts, cashier: this.#cashier, quotas: this.#quotas, purseOf })
  }

  readonly listen = (event: Event): void => this.#bookkeeper.listen(event)

  /** Undefined where nothing is said about money: then nobody counts it. `id` is one that never comes twice. */
  purseOf(caller: Caller, id: string): AskPurse | undefined {
    return this.#parts.settings().money === undefined ? undefined : new AskPurse(id, caller, this.#cashier)
  }

  /** The page of an ask that is about to be served. Throws the Fault of one who may not use up any more. */
  open(ask: Ask): Page {
    return this.#bookkeeper.open(ask)
  }

  /** Why an ask would not be let in now, whoever could serve it; undefined where it would. */
  refusal(ask: Ask): Fault | undefined {
    return this.#quotas.refusal(ask)
  }

  /** Hears when money has come back, or may have: whoever waits for it is to be looked at. */
  onRoom(listener: () => void): void {
    this.#cashier.onRoom(listener)
  }

  /** Whether anything leaves for servers that cost money. */
  get isCloudOpen(): boolean {
    return this.#cashier.isCloudOpen
  }

  /** The switch that is turned while the gateway runs, beside the one in the configuration. What has left is not called back. */
  setCloud(open: boolean): void {
    this.#cashier.setCloud(open)
  }

  /** How all budgets stand that are configured, and those of other callers that asked of late. */
  standings(): readonly BudgetStanding[] {
    return [...this.#cashier.standings(), ...this.#quotas.standings()]
  }

  stop(): void {
    this.#cashier.stop()
  }
}
