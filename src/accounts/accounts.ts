import type { Caller } from '../core/ask.ts'
import type { BudgetStanding } from '../core/budget.ts'
import type { BoundAccount, Claim, Ledger, Standing, Try } from '../core/ledger.ts'
import type { Shop } from '../core/purse.ts'
import type { World } from '../core/world.ts'
import type { Bound } from './bounds.ts'
import { Mirror, type Seen } from './mirror.ts'
import type { Rules } from './rules.ts'
import type { Window } from './windows.ts'

/** How an account stands in the window that it is now. */
export interface Stands {
  readonly bound: Bound
  readonly window: Window
  readonly seen: Seen
}

interface AccountsParts {
  readonly ledger: Pick<Ledger, 'standings'>
  readonly world: Pick<World, 'now' | 'epochMs'>
  readonly rules: () => Rules
}

/** What the ledger said longer ago is asked again. */
const freshMs = 1_000
/** Accounts that nobody has looked at for so long are asked for no more. */
const usedMs = 60_000

/** The accounts of money that a try concerns, and how they stand. */
export class Accounts {
  readonly #parts: AccountsParts
  readonly #mirror = new Mirror()
  /** Those that were looked at, and when. */
  readonly #used = new Map<string, { readonly bound: Bound; at: number }>()
  #askedAt = -Infinity
  #asking: Promise<void> | undefined

  constructor(parts: AccountsParts) {
    this.#parts = parts
  }

  /** Of the account that has least. */
  roomFor(caller: Caller, shop: Shop): number {
    const { world, rules } = this.#parts
    const { bounds } = rules()
    const epochMs = world.epochMs()
    const now = world.now()
    const room = Math.min(
      this.#roomOf(bounds.of(caller), epochMs, now),
      this.#roomOf(bounds.ofUpstream(shop.upstream), epochMs, now),
    )
    if (room !== Infinity && now - this.#askedAt >= freshMs) void this.refresh()
    return room
  }

  #roomOf(bounds: readonly Bound[], epochMs: number, now: number): number {
    let room = Infinity
    for (const bound of bounds) {
      room = Math.min(room, this.#mirror.room(bound, this.#windowOf(bound, epochMs)))
      const used = this.#used.get(bound.name)
      if (used === undefined || used.bound !== bound) this.#used.set(bound.name, { bound, at: now })
      else used.at = now
    }
    return room
  }

  stands(caller: Caller, shop: Shop): readonly Stands[] {
    const { bounds } = this.#parts.rules()
    return [...bounds.of(caller), ...bounds.ofUpstream(shop.upstream)].map((bound) => this.#standsOf(bound))
  }

  /** As the ledger is to know them. */
  named(caller: Caller, shop: Shop): readonly BoundAccount[] {
    return this.stands(caller, shop).map(({ bound: { name, limitNano }, window: { from, until } }) => ({
      name,
      from,
      until,
      limitNano,
    }))
  }

  /** Those that stand in the configuration, and all others that were looked at of late. */
  standings(): readonly BudgetStanding[] {
    const { bounds } = this.#parts.rules()
    const { configured } = bounds
    const now = this.#parts.world.now()
    for (const bound of configured) if (!this.#used.has(bound.name)) this.#used.set(bound.name, { bound, at: now })
    if (this.#used.size > 0 && now - this.#askedAt >= freshMs) void this.refresh()
    const others = Array.from(this.#used.values(), ({ bound }) => bound).filter(
      ({ name }) => !bounds.isConfigured(name),
    )
    return [...configured, ...others].map((bound) => {
      const { window, seen } = this.#standsOf(bound)
      const { name: account, limitNano: limit, alertAt } = bound
      return { account, counted: 'nano', limit, spent: seen.spentNano, held: seen.heldNano, ...window, alertAt }
    })
  }

  /** Asks the ledger how all of them stand that matter now; all who ask at the same time ask once. */
  refresh(): Promise<void> {
    return (this.#asking ??= this.#ask().finally(() => (this.#asking = undefined)))
  }

  /** What it cannot say is thought to be as it was. */
  async #ask(): Promise<void> {
    const { ledger, world } = this.#parts
    const now = world.now()
    this.#askedAt = now
    for (const [name, { at }] of this.#used) {
      if (now - at <= usedMs) continue
      this.#used.delete(name)
      // How one stands that is configured can be asked at any time.
      if (!this.#parts.rules().bounds.isConfigured(name)) this.#mirror.forget(name)
    }
    const epochMs = world.epochMs()
    const accounts = Array.from(this.#used.values(), ({ bound }) => ({
      name: bound.name,
      ...this.#windowOf(bound, epochMs),
    }))
    if (accounts.length === 0) return
    try {
      this.#mirror.saw(await ledger.standings(accounts))
    } catch {
      // The ledger says itself what troubles it, and sets nothing aside as long as it does.
    }
  }

  /** So much is being set aside: whoever looks meanwhile finds it gone. A negative amount takes that back. */
  pend({ accounts }: Pick<Claim, 'accounts'>, nano: number): void {
    this.#mirror.pend(accounts, nano)
  }

  saw(standings: readonly Standing[]): void {
    this.#mirror.saw(standings)
  }

  closed(tried: Try): void {
    this.#mirror.closed(tried)
  }

  #standsOf(bound: Bound): Stands {
    const window = this.#windowOf(bound, this.#parts.world.epochMs())
    return { bound, window, seen: this.#mirror.seen(bound.name, window) }
  }

  #windowOf({ per }: Bound, epochMs: number): Window {
    return this.#parts.rules().calendar.window(per, epochMs)
  }
}
