import type { Fault } from './fault.ts'
import type { Usage } from './usage.ts'

/** Where an ask could be served for money. */
export interface Shop {
  readonly upstream: string
  /** As the server knows it: prices go by that name. */
  readonly model: string
}

/** Of an ask, what it will cost by. */
export interface Wanted {
  readonly id: string
  /** As the caller calls it. */
  readonly model: string
  readonly promptTokens: number
  /** Of each answer, and how many it wants; undefined for one. */
  readonly outputTokensMax: number | undefined
  readonly answers?: number | undefined
  readonly needs: readonly string[]
  /** False: rather refused than cut to what there is money for. */
  readonly clamp?: boolean | undefined
  /** When it came, and how long from then on it is glad to wait; undefined where nobody waits. */
  readonly arrivedAt?: number | undefined
  readonly patienceMs?: number | undefined
}

/**
 * What pays for the asks of one caller. An ask carries it along, since only where it is bound to a server is it known
 * whether that costs anything.
 */
export interface Purse {
  /** Whether a try there could be paid for as things stand. It changes nothing, and is asked again and again. */
  affords(wanted: Wanted, shop: Shop): boolean
  /**
   * Sets aside the most that a try there can cost, durably, from all budgets that it concerns or from none. Resolves with
   * undefined where that cannot be done after all; then `affords` says so too.
   */
  hold(wanted: Wanted, shop: Shop): Promise<Hold | undefined>
  /** Why it cannot be paid for there, and when it can be again; undefined where it can be now. */
  refusal(wanted: Wanted, shop: Shop): Fault | undefined
}

/** Money set aside for one try. It comes to an end once, whatever becomes of the try. */
export interface Hold {
  /** So many tokens of each answer are paid for and no more: what the server has to be told. */
  readonly outputTokensMax: number
  /** The request is about to leave: from here on it may cost something although nobody hears of it. */
  sent(): void
  /** What is known of it so far, for whoever finds it after a crash. Cheap enough for every frame. */
  heard(usage: Usage): void
  /** With what it used up, as far as is known; undefined where nothing can be charged for it: it was never run. */
  end(usage: Usage | undefined): void
}
