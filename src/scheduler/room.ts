import { meanOf } from '../core/length.ts'
import type { Offer } from '../fleet/offering.ts'
import { canServe, type Situation } from './situation.ts'

/** Until the server's memory lets an ask for this model in: 0 for now. */
export function opensInMs({ ask, now }: Pick<Situation, 'ask' | 'now'>, { upstream, place }: Offer): number {
  if (place.loaded === undefined) return 0
  const deadline = ask.arrivedAt + ask.patienceMs
  const readyMs = place.loaded ? 0 : place.firstTokenMs(ask.promptTokens, now)
  const wish = { now, since: ask.arrivedAt, waiting: Math.max(1, place.tenant.waiting), deadline, readyMs }
  return upstream.residency.opensInMs(place.tenant, wish)
}

/** Whether the ask may be begun there now, and had not better wait for another place. */
export function hasRoomFor(situation: Situation, offer: Offer): boolean {
  const { place } = offer
  if (!place.hasRoom(situation.now)) return false
  if (place.isDoubtful && !isInTimeAnyway(situation, offer)) return false
  if (place.loaded === undefined) return true
  if (opensInMs(situation, offer) > 0) return false
  return place.loaded || !(isTooDear(situation, offer) || isBetterElsewhere(situation, offer))
}

/** Even if it has to stand in line in the server until one of those there ends. */
function isInTimeAnyway({ ask, length, now }: Situation, { place }: Offer): boolean {
  const firstTokenMs = now - ask.arrivedAt + place.nextRoomMs(now) + place.firstTokenMs(ask.promptTokens, now)
  const { patienceMs, deadlineMs = Infinity } = ask
  return firstTokenMs <= patienceMs && firstTokenMs + place.speechMs(meanOf(length), true) <= deadlineMs
}

/** Until the ask may be begun there, by the room in the place and in the server's memory. */
export function nextRoomFor(situation: Situation, offer: Offer): number {
  const { upstream, place } = offer
  const { now } = situation
  const roomMs = Math.max(place.nextRoomMs(now), opensInMs(situation, offer))
  return isTooDear(situation, offer) ? roomMs + upstream.residency.evictionMs(place.tenant, now) : roomMs
}

/** Until a first token there, and what others have to wait for that. */
export function costMs(situation: Situation, offer: Offer): number {
  const { ask, now } = situation
  const { upstream, place } = offer
  const firstTokenMs = place.firstTokenMs(ask.promptTokens, now)
  return nextRoomFor(situation, offer) + firstTokenMs + upstream.residency.evictionMs(place.tenant, now)
}

/** Others would wait longer for it than this one cares to, and it may go where it costs money instead. */
function isTooDear(situation: Situation, { upstream, place }: Offer): boolean {
  const { ask, offering, now } = situation
  if (place.loaded !== false || now >= ask.arrivedAt + ask.patienceMs) return false
  const { tier } = upstream.settings
  if (!offering.offers.some((other) => other.upstream.settings.tier > tier && canServe(situation, other))) return false
  return upstream.residency.evictionMs(place.tenant, now) > ask.patienceMs
}

/**
 * Whether a model that would have to be loaded here is cheaper to be had elsewhere, at no costlier tier and while there is
 * patience left: in a moment where it is loaded, or where what it throws out is missed less.
 */
const isBetterElsewhere = (situation: Situation, offer: Offer): boolean =>
  leastMs(situation, offer.upstream.settings.tier) < costMs(situation, offer)

/** Of one situation nothing changes, and each of many places is held against the same best one. */
const known = new WeakMap<Situation, Map<number, number>>()

function leastMs(situation: Situation, tierMax: number): number {
  let byTier = known.get(situation)
  if (byTier === undefined) known.set(situation, (byTier = new Map<number, number>()))
  let least = byTier.get(tierMax)
  if (least !== undefined) return least
  const { ask, offering, now } = situation
  const leftMs = ask.arrivedAt + ask.patienceMs - now
  least = Infinity
  for (const offer of offering.offers) {
    if (offer.upstream.settings.tier > tierMax || !canServe(situation, offer)) continue
    if (nextRoomFor(situation, offer) < leftMs) least = Math.min(least, costMs(situation, offer))
  }
  byTier.set(tierMax, least)
  return least
}
