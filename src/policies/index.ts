import type { Policy } from '../core/policy.ts'
import { fastest } from './fastest.ts'
import { leastLoaded } from './least-loaded.ts'
import { preferLoaded } from './prefer-loaded.ts'
import { prefixAffinity } from './prefix-affinity.ts'

/** All the ways to prefer one place over another, by the name they have in a configuration. */
export const policies: ReadonlyMap<string, Policy> = new Map([
  ['least-loaded', leastLoaded],
  ['fastest', fastest],
  ['prefer-loaded', preferLoaded],
  ['prefix-affinity', prefixAffinity],
])

export interface Weighted {
  readonly policy: Policy
  readonly weight: number
}

/** Many opinions, one number. */
export const weighted =
  (opinions: readonly Weighted[]): Policy =>
  (ask, candidate) => {
    let sum = 0
    for (const { policy, weight } of opinions) sum += weight * policy(ask, candidate)
    return sum
  }

/** A loaded model first, then the one that speaks soonest, which is often the one that knows the prompt, then the emptier machine. */
export const defaultPolicy: Policy = weighted([
  { policy: preferLoaded, weight: 2 },
  { policy: fastest, weight: 1 },
  { policy: leastLoaded, weight: 1 },
  { policy: prefixAffinity, weight: 1 },
])
