import type { Ask, Errand } from '../core/ask.ts'
import type { Fault } from '../core/fault.ts'
import type { Policy } from '../core/policy.ts'
import { misfit, type Misfit } from '../fleet/fit.ts'
import type { Offer, Offering } from '../fleet/offering.ts'
import { decisionOf } from './decision.ts'
import { type Finding, findPlace } from './placement.ts'
import { nobodyLeft, noWaiting } from './refusal.ts'
import { opensInMs } from './room.ts'
import { permits, promisedMs, type Situation } from './tiers.ts'

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
  readonly hasRoom: boolean
  /** Until the server's memory lets the model in: 0 for now, Infinity for never. */
  readonly opensInMs: number
  /** What others would wait because of what has to go for it. */
  readonly evictionMs: number
  /** From when it has room there. */
  readonly firstTokenMs: number
}

export type Verdict =
  | { readonly action: 'run' | 'spill'; readonly offer: Offer; readonly why: string; readonly firstTokenMs: number }
  | { readonly action: 'queue'; readonly ahead: number; readonly firstTokenMs: number | undefined }
  /** It loads or unloads a model, and takes no place. */
  | { readonly action: 'errand'; readonly errand: Errand }
  | { readonly action: 'refuse'; readonly fault: Fault }

/** Who waits where the ask would have to. */
export interface Line {
  /** Undefined when nobody waits for what the ask wants. */
  readonly ahead: number | undefined
  /** All who wait, for whatever it is. */
  readonly waiting: number
  readonly queueMax: number
}

export function prospectsOf(offering: Offering | undefined, ask: Ask, now: number): readonly Prospect[] {
  if (offering === undefined) return []
  return offering.offers.map((offer) => ({
    offer,
    misfit: misfit(offer, ask),
    permitted: permits(ask, offer.upstream.settings.tier),
    hasRoom: offer.place.hasRoom(now),
    opensInMs: opensInMs({ ask, now }, offer),
    evictionMs: offer.upstream.residency.evictionMs(offer.place.tenant, now),
    firstTokenMs: offer.place.firstTokenMs(ask.promptTokens, now),
  }))
}

/** Goes the way of `Scheduler.acquire`, step by step, and takes nothing. */
export function foresee(situation: Situation, policy: Policy, { ahead, waiting, queueMax }: Line): Verdict {
  const at = (more: Partial<Situation>): Verdict | undefined => {
    const there = { ...situation, ...more }
    return granted(there, findPlace(there, policy))
  }
  const first = ahead === undefined ? at({ ahead: 0 }) : undefined
  if (first !== undefined) return first
  const nobody = nobodyLeft(situation)
  const fault = nobody ?? noWaiting(situation, waiting, queueMax)
  if (fault !== undefined) return at({ desperate: nobody !== undefined }) ?? { action: 'refuse', fault }
  const inLine = { ahead: ahead ?? 0 }
  return at(inLine) ?? { action: 'queue', ...inLine, firstTokenMs: promisedMs({ ...situation, ...inLine }) }
}

function granted({ ask, offering, now }: Situation, { offer, outlooks }: Finding): Verdict | undefined {
  if (offer === undefined) return undefined
  const { upstream, place } = offer
  return {
    action: upstream.settings.tier > offering.lowestTier ? 'spill' : 'run',
    offer,
    why: decisionOf({ ask, offering, offer, waitMs: 0, isRetry: false, outlooks }),
    firstTokenMs: place.firstTokenMs(ask.promptTokens, now),
  }
}
