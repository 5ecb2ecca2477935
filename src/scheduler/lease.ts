import type { Ask } from '../core/ask.ts'
import type { Prediction } from '../core/reply.ts'
import type { Usage } from '../core/usage.ts'
import type { Ending } from '../fleet/limit.ts'
import type { Offer, Offering } from '../fleet/offering.ts'
import type { Stay } from '../fleet/place.ts'
import type { ServedModel, Upstream } from '../fleet/upstream.ts'
import type { Charge } from './fair-queue.ts'

/** What was seen of an ask while it held its place. */
export interface LeaseSeen {
  /** From when it was sent. */
  readonly firstTokenMs?: number | undefined
  readonly usage?: Usage | undefined
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
  /**
   * So long after it was begun there is hardly ever still silence; undefined where that is not known, and while a model
   * is loaded. Of an answer in one piece nothing is heard before its end.
   */
  lateAfterMs(inOnePiece: boolean): number | undefined
  /** Its first token has come: from here on it is known better how long it will stay. */
  spoke(now: number): void
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

  constructor(held: Held, giveBack: (held: Held, ending: Ending, seen: LeaseSeen) => void) {
    this.held = held
    this.#giveBack = giveBack
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

  lateAfterMs(inOnePiece: boolean): number | undefined {
    return this.held.offer.place.lateAfterMs(this.held.stay, inOnePiece)
  }

  spoke(now: number): void {
    const { stay, offer } = this.held
    offer.place.spoke(stay, now)
    offer.upstream.spoke(offer.place)
  }

  end(ending: Ending, seen: LeaseSeen = {}): void {
    const giveBack = this.#giveBack
    this.#giveBack = undefined
    giveBack?.(this.held, ending, seen)
  }
}
