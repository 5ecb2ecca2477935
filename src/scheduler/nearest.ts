import type { Offer, Offering } from '../fleet/offering.ts'
import type { Place } from '../fleet/place.ts'
import type { Ticket } from './fair-queue.ts'
import type { Waiting } from './waiting.ts'

/** So many of those who are next are looked at. */
export const lookedAtMax = 8
/** What is not in memory by so much more of its prompt is not worth overtaking somebody. */
const clearlyMore = 0.1

/**
 * When all places are full and one gets room, an ask has no choice between places; but the place has one between asks. Of
 * the next few of one caller it takes that of whose prompt it has the most in memory, so that each tends to come where it
 * was before. The first of them is kept waiting no longer than it would take to read its prompt there, and not at all
 * where that might cost it its patience. Callers do not overtake each other: whose turn it is, the queue has said.
 */
export function nearest(few: readonly Ticket<Waiting>[], place: Place, now: number): Waiting {
  const first = few[0]!.item
  if (few.length === 1 || mayWaitUntil(first, place, now) <= now) return first
  let best = first
  let bestShare = shareIn(place, first) + clearlyMore
  for (const { item } of few) {
    const share = shareIn(place, item)
    if (share <= bestShare) continue
    best = item
    bestShare = share
  }
  if (best !== first) first.passedOverAt ??= now
  return best
}

/** Where that is. Mostly one place has room at a time; of several it is the first in the cheapest tier. */
export function cheapestWithRoom({ offers }: Offering, now: number): Place | undefined {
  let cheapest: Offer | undefined
  for (const offer of offers) {
    if (!offer.place.hasRoom(now)) continue
    if (cheapest === undefined || offer.upstream.settings.tier < cheapest.upstream.settings.tier) cheapest = offer
  }
  return cheapest?.place
}

const shareIn = (place: Place, { ask }: Waiting): number => place.cachedTokens(ask) / Math.max(1, ask.promptTokens)

function mayWaitUntil({ ask, passedOverAt = Infinity, deadline }: Waiting, place: Place, now: number): number {
  const readMs = place.firstTokenMs(ask.promptTokens - place.cachedTokens(ask), now)
  return Math.min(passedOverAt === Infinity ? Infinity : passedOverAt + readMs, deadline - 3 * readMs)
}
