import type { Candidate, Policy } from '../core/policy.ts'
import type { Offer } from '../fleet/offering.ts'
import { hasRoomFor } from './room.ts'
import { canServe, type Situation } from './situation.ts'
import { outlooks, tierFor, type Outlook } from './tiers.ts'

/** Where an ask may go now, and what the tiers promise it. */
export interface Finding {
  /** Undefined when it has to wait. */
  readonly offer: Offer | undefined
  /** Empty where nothing had to be predicted: there is but one tier, and room in it. */
  readonly outlooks: readonly Outlook[]
}

const noOutlooks: readonly Outlook[] = []

/** Finds the place for an ask: first the tier it should go to, then the best place with room there. */
export function findPlace(situation: Situation, policy: Policy): Finding {
  const { offering, ahead } = situation
  if (offering.tiers.length === 1 && ahead.count === 0) {
    const offer = bestIn(undefined, situation, policy)
    return { offer, outlooks: offer === undefined ? outlooks(situation) : noOutlooks }
  }
  const found = outlooks(situation)
  const target = tierFor(situation, found)
  if (target === undefined) return { offer: undefined, outlooks: found }
  // Whose turn it is may try a place of which nobody knows yet. In a costlier tier there are no turns.
  let offer =
    target.hasRoom || ahead.count === 0 || target !== found[0] ? bestIn(target.tier, situation, policy) : undefined
  // It would have to wait there. A cheaper place that has room is no worse for it, and keeps nobody else out.
  for (const { tier, hasRoom } of found) {
    if (offer !== undefined || tier >= target.tier) break
    if (hasRoom) offer = bestIn(tier, situation, policy)
  }
  return { offer, outlooks: found }
}

/** The best place with room in a tier beyond this one, the cheapest such tier first. */
export function bestBeyond(tier: number, situation: Situation, policy: Policy): Offer | undefined {
  for (const costlier of situation.offering.tiers) {
    const offer = costlier > tier ? bestIn(costlier, situation, policy) : undefined
    if (offer !== undefined) return offer
  }
  return undefined
}

/** The place with room that the policy likes best; of equals, the first in the configuration. */
function bestIn(tier: number | undefined, situation: Situation, policy: Policy): Offer | undefined {
  const { ask, offering } = situation
  let best: Offer | undefined
  let bestScore: number | undefined
  let fairFullness = 0
  for (const offer of offering.offers) {
    if (tier !== undefined && offer.upstream.settings.tier !== tier) continue
    if (!canServe(situation, offer) || !hasRoomFor(situation, offer)) continue
    if (best === undefined) {
      best = offer
      continue
    }
    // Most often there is only one, and nothing to compare.
    if (bestScore === undefined) {
      fairFullness = fullnessOf(tier, situation)
      bestScore = policy(ask, candidateOf(best, situation, fairFullness))
    }
    const score = policy(ask, candidateOf(offer, situation, fairFullness))
    if (score < bestScore) {
      best = offer
      bestScore = score
    }
  }
  return best
}

/** Of all that could serve together, from 0 to 1. */
function fullnessOf(tier: number | undefined, situation: Situation): number {
  let inFlight = 0
  let limit = 0
  for (const offer of situation.offering.offers) {
    if ((tier !== undefined && offer.upstream.settings.tier !== tier) || !canServe(situation, offer)) continue
    inFlight += offer.place.inFlight
    limit += offer.place.limit.value
  }
  return inFlight / limit
}

function candidateOf({ upstream, place }: Offer, { ask, now }: Situation, fairFullness: number): Candidate {
  const cachedTokens = place.cachedTokens(ask)
  const limit = place.limit.value
  return {
    upstream: upstream.settings.name,
    tier: upstream.settings.tier,
    inFlight: place.inFlight,
    limit,
    fairInFlight: fairFullness * limit,
    firstTokenMs: place.firstTokenMs(ask.promptTokens - cachedTokens, now),
    loaded: place.loaded,
    evictionMs: upstream.residency.evictionMs(place.tenant, now),
    cachedTokens,
  }
}
