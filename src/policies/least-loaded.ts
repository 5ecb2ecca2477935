import type { Policy } from '../core/policy.ts'

/** Spreads the work: the emptier a place, the better. */
export const leastLoaded: Policy = (_ask, { inFlight, limit }) => inFlight / Math.max(1, limit)
