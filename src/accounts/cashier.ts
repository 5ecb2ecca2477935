import type { Caller } from '../core/ask.ts'
import type { BudgetStanding } from '../core/budget.ts'
import type { Emit } from '../core/event.ts'
import type { Fault } from '../core/fault.ts'
import type { Claim, Ledger, Try } from '../core/ledger.ts'
import { costOf, type Price } from '../core/money.ts'
import type { Hold, Shop, Wanted } from '../core/purse.ts'
import type { Usage } from '../core/usage.ts'
import type { World } from '../core/world.ts'
import { Accounts } from './accounts.ts'
import { claimFor, type Deal } from './claim.ts'
import { Experience } from './experience.ts'
import { HeldMoney } from './hold.ts'
import type { Purchase } from './prices.ts'
import type { AskPurse, Till } from './purse.ts'
import { cloudClosed, dearerThanAny, isSpent, ledgerClosed, noPrice, shortOfMoney } from './refusals.ts'
import { isBelievable } from './settling.ts'
import { RoomWatch } from './room-watch.ts'
import type { Rules } from './rules.ts'
import { leastFor, type Manner, termsFor, usualOutputTokens } from './terms.ts'

export interface CashierParts {
  readonly ledger: Ledger
  readonly world: World
  readonly emit: Emit
  readonly rules: () => Rules
  readonly priceOf: PriceOf
}

export type PriceOf = (model: string, own: ReadonlyMap<string, Price>, purchase?: Purchase) => Price | undefined

/** It stands in the ledger in place of where a price is from. */
const unknownPrice: Price = { input: 0, output: 0, source: 'unknown' }

/** So long a try that has a place waits for money that others have set aside, and how often it looks. */
const holdWaitMs = 2_000
const holdLookMs = 50
/** What is odd about a server's counts is told once in this time. */
const tellEveryMs = 3_600_000

/**
 * Decides what may be spent. What it knows of the accounts mirrors the ledger: good enough to decide at once who need not
 * try. Who does try has the ledger's word before anything is sent, and that is never wrong.
 */
export class Cashier implements Till {
  readonly #experience = new Experience()
  readonly #parts: CashierParts
  readonly #rules: () => Rules
  readonly #accounts: Accounts
  readonly #room: RoomWatch
  readonly #listeners: (() => void)[] = []
  readonly #toldAt = new Map<string, number>()
  #isOpen = true

  constructor(parts: CashierParts) {
    const { ledger, world, rules } = parts
    this.#parts = parts
    this.#rules = rules
    this.#accounts = new Accounts({ ledger, world, rules })
    this.#room = new RoomWatch({
      world,
      refresh: () => this.#accounts.refresh(),
      tell: () => this.#listeners.forEach((listener) => listener()),
    })
  }

  /** Hears when money has come back, or may have: whoever waits for it is to be looked at. */
  onRoom(listener: () => void): void {
    this.#listeners.push(listener)
  }

  get isCloudOpen(): boolean {
    return this.#isOpen && this.#rules().money.cloudOpen
  }

  /** The switch that is turned while the gateway runs. What has left is not called back. */
  setCloud(open: boolean): void {
    if (this.#isOpen === open) return
    this.#isOpen = open
    this.#room.came()
  }

  /** How the budgets of money stand: all that are configured, and those of other callers that asked of late. */
  standings(): readonly BudgetStanding[] {
    return this.#accounts.standings()
  }

  stop(): void {
    this.#room.stop()
  }

  affords(caller: Caller, wanted: Wanted, shop: Shop): boolean {
    if (this.#isOpenNow && this.#dealFor(caller, wanted, shop) !== undefined) return true
    this.#room.wanted()
    return false
  }

  async hold(purse: AskPurse, wanted: Wanted, shop: Shop): Promise<Hold | undefined> {
    const { world } = this.#parts
    const { arrivedAt = world.now(), patienceMs = Infinity } = wanted
    const until = Math.min(world.now() + holdWaitMs, arrivedAt + patienceMs)
    while (this.#isOpenNow) {
      const deal = this.#dealFor(purse.caller, wanted, shop)
      if (deal !== undefined) {
        const accounts = this.#accounts.named(purse.caller, shop)
        const claim = claimFor(purse, wanted, { ...deal, accounts, at: world.epochMs() })
        const isHeld = await this.#claimed(claim)
        if (isHeld === undefined) {
          purse.trouble = ledgerClosed('The ledger does not answer.')
          return undefined
        }
        if (isHeld) return this.#heldFor(purse, claim, deal)
      }
      if (world.now() >= until || !this.#mayComeBack(purse.caller, wanted, shop)) return undefined
      await world.sleep(holdLookMs)
      // What came back here may not have been in the books when they said no.
      await this.#accounts.refresh()
    }
    return undefined
  }

  refusal(caller: Caller, wanted: Wanted, shop: Shop): Fault | undefined {
    const shut = this.#shut()
    if (shut !== undefined) return shut
    const price = this.#priceFor(caller, wanted, shop)
    if (price === undefined) return noPrice(shop.model)
    if (this.#dealFor(caller, wanted, shop) !== undefined) return undefined
    const least = leastFor(wanted, this.#meansFor(shop, price))
    const most = this.#rules().money.requestMostNano ?? Number.MAX_SAFE_INTEGER
    if (least > most) return dearerThanAny(least, most)
    return shortOfMoney(this.#accounts.stands(caller, shop), least, this.#parts.world.epochMs())
  }

  /** What that would cost at a shop; undefined where nobody knows, or nobody can have counted so. */
  costAt(wanted: Wanted, shop: Shop, usage: Usage): number | undefined {
    const price = isBelievable(usage) ? this.#priceAt(wanted, shop) : undefined
    return price && costOf(usage, price)
  }

  /** A try is paid for, and its rest is back. */
  closed(tried: Try): void {
    const { claim, inputTokens: promptTokens, outputTokens, estimated, state } = tried
    this.#accounts.closed(tried)
    if (state === 'settled')
      this.#experience.learn(claim.model, claim.promptTokens, { promptTokens, outputTokens, estimated })
    if (claim.accounts.length > 0) this.#room.came()
  }

  get #isOpenNow(): boolean {
    return this.isCloudOpen && this.#parts.ledger.trouble === undefined
  }

  /** Why nothing at all leaves for money. */
  #shut(): Fault | undefined {
    if (!this.isCloudOpen) return cloudClosed()
    const { trouble } = this.#parts.ledger
    return trouble === undefined ? undefined : ledgerClosed(trouble)
  }

  #dealFor(caller: Caller, wanted: Wanted, shop: Shop): Deal | undefined {
    const price = this.#priceFor(caller, wanted, shop)
    if (price === undefined) return undefined
    const roomNano = this.#accounts.roomFor(caller, shop)
    const { requestMostNano: mostNano, outputTokensMost } = this.#rules().money
    const terms = termsFor(wanted, { ...this.#meansFor(shop, price), roomNano, mostNano })
    if (terms === undefined) return undefined
    // Where nothing bounds what it may cost, nobody has to be told how long it may be.
    const isFree = roomNano === Infinity && mostNano === undefined && outputTokensMost === undefined
    const isOpen = isFree && wanted.outputTokensMax === undefined
    return { shop, price, terms: isOpen ? { ...terms, outputTokensMax: Infinity } : terms }
  }

  /** Where somebody's money is bounded, what nobody knows the price of is not bought; where nobody's is, it is not counted. */
  #priceFor(caller: Caller, wanted: Wanted, shop: Shop): Price | undefined {
    return this.#priceAt(wanted, shop) ?? (this.#isUnbounded(caller) ? unknownPrice : undefined)
  }

  #isUnbounded(caller: Caller): boolean {
    const { bounds, money } = this.#rules()
    return money.requestMostNano === undefined && bounds.areNoneFor(caller)
  }

  #priceAt({ needs }: Wanted, { model, upstream }: Shop): Price | undefined {
    const { money, sellers } = this.#rules()
    return this.#parts.priceOf(model, money.prices, {
      ...sellers.get(upstream),
      epochMs: this.#parts.world.epochMs(),
      needs,
    })
  }

  #meansFor({ model }: Shop, price: Price): Manner {
    return {
      price,
      outputTokensMost: this.#rules().money.outputTokensMost ?? usualOutputTokens,
      promptFactor: this.#experience.promptFactor(model),
      longest: this.#experience.longest(model),
    }
  }

  /** Nothing is spent that it needs: others have set it aside, and most of it will come back. */
  #mayComeBack(caller: Caller, wanted: Wanted, shop: Shop): boolean {
    const price = this.#priceFor(caller, wanted, shop)
    if (price === undefined) return false
    const least = leastFor(wanted, this.#meansFor(shop, price))
    if (least > (this.#rules().money.requestMostNano ?? Number.MAX_SAFE_INTEGER)) return false
    return !this.#accounts.stands(caller, shop).some((each) => isSpent(each, least))
  }

  /** Undefined where the ledger cannot be written. */
  async #claimed(claim: Claim): Promise<boolean | undefined> {
    const accounts = this.#accounts
    accounts.pend(claim, claim.nano)
    try {
      const { short, standings } = await this.#parts.ledger.hold(claim)
      accounts.saw(standings)
      return short === undefined
    } catch {
      return undefined
    } finally {
      accounts.pend(claim, -claim.nano)
    }
  }

  #heldFor(purse: AskPurse, claim: Claim, { price, terms }: Deal): HeldMoney {
    const { ledger } = this.#parts
    const hold = new HeldMoney({
      claim,
      price,
      outputTokensMax: terms.outputTokensMax,
      ledger,
      onEnd: (tried, odd) => {
        purse.ended(hold, tried)
        if (odd !== undefined) this.#tellOdd(claim, odd)
      },
    })
    purse.open.add(hold)
    return hold
  }

  /** Once in a while for each model: what is odd about one count is so about the next. */
  #tellOdd({ upstream, model }: Claim, odd: string): void {
    const { world, emit } = this.#parts
    const now = world.now()
    const what = `${upstream} ${model}`
    if (now - (this.#toldAt.get(what) ?? -Infinity) < tellEveryMs) return
    this.#toldAt.set(what, now)
    emit({ type: 'notice', level: 'warn', text: `${upstream} ${odd}, for ${model}. It is charged as it says.` })
  }
}
