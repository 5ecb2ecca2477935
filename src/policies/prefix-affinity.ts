import type { Policy } from '../core/policy.ts'

/** So many asks more than its part, and half of that part, outweigh a prompt that is there whole. */
const slack = 4

/**
 * Prefers the place that has the beginning of the prompt in memory: it is read once on one server rather than once on each.
 * The fuller a place is beyond its part, the less that counts, and far beyond it counts against the place, so that a
 * prompt that everybody begins with spreads instead of building a hot spot.
 */
export const prefixAffinity: Policy = ({ promptTokens }, { cachedTokens, inFlight, fairInFlight }) => {
  const crowding = (inFlight - fairInFlight) / (slack + fairInFlight / 2)
  return -(cachedTokens / Math.max(1, promptTokens)) * Math.min(1, Math.max(-1, 1 - crowding))
}
