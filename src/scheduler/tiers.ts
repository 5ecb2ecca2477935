import type { Ask } from '../core/ask.ts'
import type { Offer, Offering } from '../fleet/offering.ts'
import type { Upstream } from '../fleet/upstream.ts'
import { hasRoomFor, nextRoomFor } from './room.ts'

/** What an ask has to choose from, at one moment. */
export interface Situation {
  readonly ask: Ask
  readonly offering: Offering
  /** Upstreams that have already let this ask down. */
  readonly avoid: ReadonlySet<Upstream>
  /** Asks to be served before this one. */
  readonly ahead: number
  readonly now: number
  /** Servers known to be down may be tried as well, for want of any other. */
  readonly desperate: boolean
}

/** What one tier promises an ask. */
export interface Outlook {
  readonly tier: number
  readonly firstTokenMs: number
  readonly hasRoom: boolean
}

/** A tier from here on costs money. */
const paidTier = 1

/** How much faster a costlier tier must be to be worth it when every tier is too late. */
const worthIt = 2

export function permits(ask: Ask, tier: number): boolean {
  return ask.cloud === 'allowed' || tier < paidTier
}

/** Whether this ask may go there at all, be it now or later. */
export function isOpenTo({ ask, avoid }: Situation, { upstream }: Offer): boolean {
  return permits(ask, upstream.settings.tier) && !avoid.has(upstream)
}

export function canServe(situation: Situation, offer: Offer): boolean {
  if (!isOpenTo(situation, offer)) return false
  const { upstream, place } = offer
  if (upstream.residency.isShut(place.tenant)) return false
  return situation.desperate ? upstream.breaker.allows(situation.now) : upstream.allows(situation.now)
}

/** What each tier promises, the cheapest first; tiers in which nobody can serve are left out. */
export function outlooks(situation: Situation): Outlook[] {
  const found: Outlook[] = []
  for (const tier of situation.offering.tiers) {
    const outlook = outlookOf(situation, tier)
    if (outlook !== undefined) found.push(outlook)
  }
  return found
}

/**
 * The tier an ask should go to: the cheapest that is predicted to speak in time. When none is, the cheapest with room,
 * unless a costlier one is faster by far. Undefined when there is none to go to.
 */
export function tierFor(tiers: readonly Outlook[], leftMs: number): Outlook | undefined {
  let best: Outlook | undefined
  for (const outlook of tiers) {
    if (outlook.firstTokenMs <= leftMs) return outlook
    if (
      best === undefined ||
      (outlook.hasRoom && (!best.hasRoom || outlook.firstTokenMs * worthIt < best.firstTokenMs))
    ) {
      best = outlook
    }
  }
  return best
}

/** Until its first token, as things stand; undefined when nobody can serve it. */
export function promisedMs(situation: Situation): number | undefined {
  return tierFor(outlooks(situation), patienceLeftMs(situation))?.firstTokenMs
}

export const patienceLeftMs = ({ ask, now }: Situation): number => ask.arrivedAt + ask.patienceMs - now

function outlookOf(situation: Situation, tier: number): Outlook | undefined {
  const { ask, offering, now } = situation
  let free = 0
  let endsPerMs = 0
  let nextRoomMs = Infinity
  let fromRoomMs = Infinity
  let anyMs = Infinity
  let able = false
  for (const offer of offering.offers) {
    if (offer.upstream.settings.tier !== tier || !canServe(situation, offer)) continue
    able = true
    const { place } = offer
    const firstTokenMs = place.firstTokenMs(ask.promptTokens, now)
    anyMs = Math.min(anyMs, firstTokenMs)
    endsPerMs += place.endsPerMs
    if (hasRoomFor(situation, offer)) {
      free += place.limit.value - place.inFlight
      fromRoomMs = Math.min(fromRoomMs, firstTokenMs)
    } else {
      nextRoomMs = Math.min(nextRoomMs, nextRoomFor(situation, offer))
    }
  }
  if (!able) return undefined
  if (free > situation.ahead) return { tier, firstTokenMs: fromRoomMs, hasRoom: true }
  return { tier, firstTokenMs: waitMs(situation.ahead - free, nextRoomMs, endsPerMs) + anyMs, hasRoom: free > 0 }
}

/** Until the one after `ahead` others gets room: the next end, and then one after another. */
function waitMs(ahead: number, nextRoomMs: number, endsPerMs: number): number {
  return (nextRoomMs === Infinity ? 0 : nextRoomMs) + ahead / endsPerMs
}

/** How long until a queue of this length is served by all who may serve it: what a refused caller is told to wait. */
export function drainMs(situation: Situation): number {
  let endsPerMs = 0
  for (const offer of situation.offering.offers) if (canServe(situation, offer)) endsPerMs += offer.place.endsPerMs
  return endsPerMs === 0 ? 0 : situation.ahead / endsPerMs
}
