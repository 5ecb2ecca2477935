import type { Ask } from '../core/ask.ts'
import type { Fault } from '../core/fault.ts'
import { misfit, type Misfit } from '../fleet/fit.ts'
import type { Offer, Offering } from '../fleet/offering.ts'
import type { Verdict } from './arrival.ts'
import { opensInMs } from './room.ts'
import { shopOf } from './means.ts'
import { costsMoney, permits } from './paid.ts'

/** What would become of an ask that came now, and the numbers behind it. */
export interface Explanation {
  readonly ask: Ask
  /** The model as the fleet knows it; undefined when it does not. */
  readonly offering: string | undefined
  /** Everyone who has the model, fit for this ask or not. */
  readonly prospects: readonly Prospect[]
  readonly verdict: Verdict
}

export interface Prospect {
  readonly offer: Offer
  readonly misfit: Misfit | undefined
  /** Whether the ask may leave for a server of this tier. */
  readonly permitted: boolean
  /** Why it cannot be paid for there; undefined where it can, or costs nothing. */
  readonly unpaid: Fault | undefined
  readonly hasRoom: boolean
  /** Until the server's memory lets the model in: 0 for now, Infinity for never. */
  readonly opensInMs: number
  /** What others would wait because of what has to go for it. */
  readonly evictionMs: number
  /** Of the prompt, what is believed to be in its memory. */
  readonly cachedTokens: number
  /** From when it has room there. */
  readonly firstTokenMs: number
}

export function prospectsOf(offering: Offering | undefined, ask: Ask, now: number): readonly Prospect[] {
  if (offering === undefined) return []
  return offering.offers.map((offer) => {
    const { upstream, place } = offer
    const cachedTokens = place.cachedTokens(ask)
    return {
      offer,
      misfit: misfit(offer, ask),
      permitted: permits(ask, upstream.settings.tier),
      unpaid: costsMoney(upstream) ? ask.purse?.refusal(ask, shopOf(offer)) : undefined,
      hasRoom: place.hasRoom(now),
      opensInMs: opensInMs({ ask, now }, offer),
      evictionMs: upstream.residency.evictionMs(place.tenant, now),
      cachedTokens,
      firstTokenMs: place.firstTokenMs(ask.promptTokens - cachedTokens, now),
    }
  })
}
