import type { Candidate, Policy } from '../core/policy.ts'
import type { Offer } from '../fleet/offering.ts'
import { hasRoomFor } from './room.ts'
import { canServe, outlooks, patienceLeftMs, tierFor, type Outlook, type Situation } from './tiers.ts'

/** Where an ask may go now, and what the tiers promise it. */
export interface Finding {
  /** Undefined when it has to wait. */
  readonly offer: Offer | undefined
  /** Empty where there is but one tier: nothing has to be predicted then. */
  readonly outlooks: readonly Outlook[]
}

const noOutlooks: readonly Outlook[] = []

/** Finds the place for an ask: first the tier it should go to, then the best place with room there. */
export function findPlace(situation: Situation, policy: Policy): Finding {
  const { offering } = situation
  if (offering.tiers.length === 1) return { offer: bestIn(undefined, situation, policy), outlooks: noOutlooks }
  const found = outlooks(situation)
  const target = tierFor(found, patienceLeftMs(situation))
  if (target === undefined) return { offer: undefined, outlooks: found }
  let offer = bestIn(target.tier, situation, policy)
  // It would have to wait there. A cheaper place that has room is no worse for it, and keeps nobody else out.
  for (const { tier } of found) {
    if (offer !== undefined || tier >= target.tier) break
    offer = bestIn(tier, situation, policy)
  }
  return { offer, outlooks: found }
}

/** The place with room that the policy likes best; of equals, the first in the configuration. */
function bestIn(tier: number | undefined, situation: Situation, policy: Policy): Offer | undefined {
  const { ask, offering } = situation
  let best: Offer | undefined
  let bestScore: number | undefined
  for (const offer of offering.offers) {
    if (tier !== undefined && offer.upstream.settings.tier !== tier) continue
    if (!canServe(situation, offer) || !hasRoomFor(situation, offer)) continue
    if (best === undefined) {
      best = offer
      continue
    }
    // Most often there is only one, and nothing to compare.
    bestScore ??= policy(ask, candidateOf(best, situation))
    const score = policy(ask, candidateOf(offer, situation))
    if (score < bestScore) {
      best = offer
      bestScore = score
    }
  }
  return best
}

function candidateOf({ upstream, place }: Offer, { ask, now }: Situation): Candidate {
  return {
    upstream: upstream.settings.name,
    tier: upstream.settings.tier,
    inFlight: place.inFlight,
    limit: place.limit.value,
    firstTokenMs: place.firstTokenMs(ask.promptTokens, now),
    loaded: place.loaded,
    evictionMs: upstream.residency.evictionMs(place.tenant, now),
  }
}
