import { meanOf } from '../core/length.ts'
import type { Offer } from '../fleet/offering.ts'
import { canServe, type Situation } from './situation.ts'
import { isBetterElsewhere } from './slow.ts'

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
  const { place, upstream } = offer
  if (!place.hasRoom(situation.now)) return false
  if (place.isDoubtful && !isInTimeAnyway(situation, offer)) return false
  if (isBetterElsewhere(situation, offer)) return false
  if (place.loaded === undefined) return true
  if (place.loaded) return opensInMs(situation, offer) === 0
  const views = viewsOf(situation)
  const view = views.of(offer)
  return view.roomMs === 0 && !view.isTooDear && view.costMs <= views.leastMs(upstream.settings.tier)
}

/** How soon somebody who waits for another looks again at a slow place. */
const lookAgainMs = 250

/** When to look at a place again that gives no sign by itself. */
export const restsUntilOf = ({ upstream, place }: Offer): number =>
  Math.max(
    place.coolsUntil,
    upstream.breaker.restsUntil ?? 0,
    place.restsUntil ?? 0,
    place.slowness.leftAloneAt + lookAgainMs,
  )

/** Even if it has to stand in line in the server until one of those there ends. */
function isInTimeAnyway({ ask, length, now }: Situation, { place }: Offer): boolean {
  const firstTokenMs = now - ask.arrivedAt + place.nextRoomMs(now) + place.firstTokenMs(ask.promptTokens, now)
  const { patienceMs, deadlineMs = Infinity } = ask
  return firstTokenMs <= patienceMs && firstTokenMs + place.speechMs(meanOf(length), true) <= deadlineMs
}

/** Until the ask may be begun there, by the room in the place and in the server's memory. */
export function nextRoomFor(situation: Situation, offer: Offer): number {
  const { place } = offer
  if (place.loaded !== false) return Math.max(place.nextRoomMs(situation.now), opensInMs(situation, offer))
  const { roomMs, isTooDear, evictionMs } = viewsOf(situation).of(offer)
  return isTooDear ? roomMs + evictionMs : roomMs
}

/** Until a first token there, and what others have to wait for that. */
export function costMs(situation: Situation, offer: Offer): number {
  const { ask, now } = situation
  const { place } = offer
  if (place.loaded === false) return viewsOf(situation).of(offer).costMs
  return nextRoomFor(situation, offer) + place.firstTokenMs(ask.promptTokens, now)
}

/** A place whose model would have to be loaded, as one ask sees it. */
interface View {
  readonly roomMs: number
  readonly evictionMs: number
  /** Others would wait longer for it than this one cares to, and it may go where it costs money instead. */
  readonly isTooDear: boolean
  readonly costMs: number
}

/** All such places as one ask sees them at one moment: each is looked at once, and held against the same best one. */
class Views {
  readonly #situation: Situation
  readonly #views = new Map<Offer, View>()
  readonly #least = new Map<number, number>()
  #topTier: number | undefined

  constructor(situation: Situation) {
    this.#situation = situation
  }

  of(offer: Offer): View {
    let view = this.#views.get(offer)
    if (view === undefined) this.#views.set(offer, (view = this.#viewOf(offer)))
    return view
  }

  /**
   * What the model costs where it is cheapest to be had, at no costlier tier and while there is patience left: it may be
   * loaded there and free in a moment, or what it throws out is missed less.
   */
  leastMs(tierMax: number): number {
    let least = this.#least.get(tierMax)
    if (least !== undefined) return least
    const situation = this.#situation
    const { ask, offering, now } = situation
    const leftMs = ask.arrivedAt + ask.patienceMs - now
    least = Infinity
    for (const offer of offering.offers) {
      if (offer.upstream.settings.tier > tierMax || !canServe(situation, offer)) continue
      const ms = costMs(situation, offer)
      if (ms < least && nextRoomFor(situation, offer) < leftMs) least = ms
    }
    this.#least.set(tierMax, least)
    return least
  }

  #viewOf(offer: Offer): View {
    const { ask, now } = this.#situation
    const { upstream, place } = offer
    const roomMs = Math.max(place.nextRoomMs(now), opensInMs(this.#situation, offer))
    const evictionMs = upstream.residency.evictionMs(place.tenant, now)
    const isTooDear =
      evictionMs > ask.patienceMs && now < ask.arrivedAt + ask.patienceMs && this.#highest() > upstream.settings.tier
    const firstTokenMs = place.firstTokenMs(ask.promptTokens, now)
    return { roomMs, evictionMs, isTooDear, costMs: roomMs + firstTokenMs + evictionMs * (isTooDear ? 2 : 1) }
  }

  /** The costliest tier in which somebody can serve. */
  #highest(): number {
    if (this.#topTier !== undefined) return this.#topTier
    let top = -Infinity
    for (const offer of this.#situation.offering.offers)
      if (offer.upstream.settings.tier > top && canServe(this.#situation, offer)) top = offer.upstream.settings.tier
    this.#topTier = top
    return top
  }
}

const known = new WeakMap<Situation, Views>()

function viewsOf(situation: Situation): Views {
  let views = known.get(situation)
  if (views === undefined) known.set(situation, (views = new Views(situation)))
  return views
}
