import type { Ask } from '../core/ask.ts'
import type { Length } from '../core/length.ts'
import type { Offer, Offering } from '../fleet/offering.ts'
import type { Upstream } from '../fleet/upstream.ts'
import type { Ahead } from './fair-queue.ts'
import type { Means } from './means.ts'
import { permits } from './paid.ts'

/** What an ask has to choose from, at one moment. */
export interface Situation {
  readonly ask: Ask
  readonly offering: Offering
  /** Upstreams that have already let this ask down. */
  readonly avoid: ReadonlySet<Upstream>
  /** Undefined where nothing costs anything, or nobody counts it. */
  readonly means?: Means | undefined
  readonly length: Length
  /** How many times as long as reckoned people wait here. */
  readonly delay: number
  /** How many times as long as expected its answer is to be reckoned, where it is of no use too late. */
  readonly caution: number
  /** Who is to be served before this one. */
  readonly ahead: Ahead
  /** Of all who wait, those that the cheapest servers cannot serve in time any more: what room there is elsewhere is theirs. None unless said. */
  readonly late?: number
  readonly now: number
  /** Servers known to be down may be tried as well, for want of any other. */
  readonly desperate: boolean
}

/** What an ask avoids that nobody has let down yet. One with any other set, be it empty, has had its turn and goes first. */
export const firstTry: ReadonlySet<Upstream> = new Set()

/** Whether this ask may go there at all, be it now or later. */
export function isOpenTo({ ask, avoid, means, now }: Situation, offer: Offer): boolean {
  const { upstream, place } = offer
  if (!permits(ask, upstream.settings.tier) || avoid.has(upstream) || now < place.absentUntil) return false
  return means === undefined || means.allow(offer)
}

export function canServe(situation: Situation, offer: Offer): boolean {
  if (!isOpenTo(situation, offer)) return false
  const { upstream, place } = offer
  const { now, desperate } = situation
  if (upstream.residency.isShut(place.tenant) || upstream.exile.holds(now)) return false
  return desperate ? upstream.bears(place, now) : upstream.allows(now) && place.allows(now)
}
