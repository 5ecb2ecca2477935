import type { Ask } from '../core/ask.ts'
import type { Prediction } from '../core/reply.ts'
import type { Usage } from '../core/usage.ts'
import type { Ending } from '../fleet/limit.ts'
import type { Offer, Offering } from '../fleet/offering.ts'
import type { Stay } from '../fleet/place.ts'
import type { Stallable } from '../fleet/pulse.ts'
import type { ServedModel, Upstream } from '../fleet/upstream.ts'
import type { Charge } from './fair-queue.ts'
import { isPaidFor } from './means.ts'
import { costsMoney, permits } from './paid.ts'

/** What was seen of an ask while it held its place. */
export interface LeaseSeen {
  /** From when it was sent. */
  readonly firstTokenMs?: number | undefined
  readonly usage?: Usage | undefined
  /** The server wants to be left alone with this model for so long. */
  readonly restMs?: number | undefined
}

/** A place on an upstream, taken for one try. */
export interface Lease {
  readonly upstream: Upstream
  readonly model: ServedModel
  /** Spent waiting for it. */
  readonly waitMs: number
  /** Served by a costlier tier than the lowest that has the model. */
  readonly spilled: boolean
  /** Why here, for people. */
  readonly decision: string
  /** What was thought of its ask when that was let in; undefined where nobody could say. */
  readonly predicted: Prediction | undefined
  /** So long after it was begun hardly any is silent, of those in one piece till their end; undefined where too little is known. */
  lateMs(inOnePiece: boolean): number | undefined
  /** Its model was not in memory when it began. */
  readonly isCold: boolean
  /** Its model is not in memory now, as far as is known. */
  readonly isLoading: boolean
  /** Its first token comes hardly ever later than that after it was sent; undefined where too little is known. */
  latestMs(now: number): number | undefined
  /** All of it takes hardly ever longer than that; undefined where too little is known. */
  longestMs(now: number): number | undefined
  /** Another server could serve it as well. */
  hasOther(now: number): boolean
  /** Its first token has come: from here on it is known better how long it will stay. */
  spoke(now: number): void
  /** Milliseconds that such an answer took of this machine; 0 where it is somebody else's, and paid for. */
  machineMs(usage: Usage): number
  /** Who is to be told when nothing more comes from there. */
  heldBy(holder: Stallable): void
  /** More of its answer has come. */
  progressed(now: number): void
  /** Gives the place back and tells how it went. The first call counts, further ones do nothing. */
  end(ending: Ending, seen?: LeaseSeen): void
}

/** On which it was given. */
export interface Terms {
  /** Of one that waited in a queue; settled at the end. */
  readonly charge: Charge | undefined
  readonly waitMs: number
  readonly decision: string
  readonly predicted: Prediction | undefined
}

/** Of what was predicted, another try has had it already. */
export const hedgeTerms: Terms = {
  charge: undefined,
  waitMs: 0,
  decision: 'hedged: another server was late',
  predicted: undefined,
}

export interface Held extends Terms {
  readonly ask: Ask
  readonly offering: Offering
  readonly offer: Offer
  readonly stay: Stay
  readonly spilled: boolean
}

/** The lease that a scheduler hands out: it comes back to it exactly once. */
export class OneLease implements Lease {
  readonly held: Held
  #giveBack: ((held: Held, ending: Ending, seen: LeaseSeen) => void) | undefined
  readonly #onRoom: (held: Held) => void

  constructor(
    held: Held,
    giveBack: (held: Held, ending: Ending, seen: LeaseSeen) => void,
    onRoom: (held: Held) => void,
  ) {
    this.held = held
    this.#giveBack = giveBack
    this.#onRoom = onRoom
  }

  get upstream(): Upstream {
    return this.held.offer.upstream
  }

  get model(): ServedModel {
    return this.held.offer.model
  }

  get waitMs(): number {
    return this.held.waitMs
  }

  get spilled(): boolean {
    return this.held.spilled
  }

  get decision(): string {
    return this.held.decision
  }

  get predicted(): Prediction | undefined {
    return this.held.predicted
  }

  lateMs(inOnePiece: boolean): number | undefined {
    return this.held.offer.place.lateMs(this.held.stay, inOnePiece)
  }

  get isCold(): boolean {
    return this.held.stay.cold
  }

  get isLoading(): boolean {
    return this.held.offer.place.loaded === false
  }

  latestMs(now: number): number | undefined {
    return this.#mayBeGone ? undefined : this.held.offer.place.latestMs(this.held.stay, now)
  }

  longestMs(now: number): number | undefined {
    return this.#mayBeGone ? undefined : this.held.offer.place.longestMs(this.held.stay, now)
  }

  /** Where nobody says what is in memory, another model may have thrown it out. */
  get #mayBeGone(): boolean {
    const { upstream, place } = this.held.offer
    return place.loaded === undefined && upstream.places().size > 1
  }

  hasOther(now: number): boolean {
    const { ask, offering } = this.held
    const paid = costsMoney(this.upstream)
    // What may have been run for money is not run for money again.
    return offering.offers.some(
      (offer) =>
        offer.upstream !== this.upstream &&
        permits(ask, offer.upstream.settings.tier) &&
        !(paid && costsMoney(offer.upstream)) &&
        offer.upstream.allows(now) &&
        offer.place.allows(now) &&
        isPaidFor(ask, offer),
    )
  }

  spoke(now: number): void {
    const { stay, offer } = this.held
    const isRoomier = offer.place.spoke(stay, now)
    offer.upstream.memory.spoke(offer.place)
    if (isRoomier) this.#onRoom(this.held)
  }

  machineMs({ promptTokens, outputTokens, cachedTokens }: Usage): number {
    const { offer, stay } = this.held
    if (costsMoney(offer.upstream)) return 0
    const found = cachedTokens ?? stay.visit?.cachedTokens ?? 0
    return offer.place.shareMs(Math.max(1, promptTokens - found), outputTokens)
  }

  heldBy(holder: Stallable): void {
    this.held.stay.holder = holder
  }

  progressed(now: number): void {
    this.held.offer.place.pulse.beat(now)
  }

  end(ending: Ending, seen: LeaseSeen = {}): void {
    const giveBack = this.#giveBack
    this.#giveBack = undefined
    giveBack?.(this.held, ending, seen)
  }
}
