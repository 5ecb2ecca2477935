import type { Offer, Offering } from '../fleet/offering.ts'
import { costMs, opensInMs } from './room.ts'
import { canServe, type Situation } from './tiers.ts'
import type { Queue } from './waiting.ts'

/** What was made ready and then not used is not made ready again at once. */
const restMs = 1_000

/**
 * Has servers emptied for models that are waited for, each in one place at a time: the one where that costs least. An ask
 * that comes in time for a while more leaves those that are in memory to whoever wants them.
 */
export class Turns {
  readonly #turns = new Map<Queue, Offer>()
  readonly #rests = new WeakMap<Queue, number>()

  /** Looks after the one whose turn it is, in none but these tiers. Tells when to look again; Infinity for not by itself. */
  look(queue: Queue, situation: Situation, tierMax: number): number {
    const { now } = situation
    const restsUntil = this.#rests.get(queue) ?? 0
    if (now < restsUntil) return restsUntil
    const best = cheapest(situation, tierMax)
    const turned = this.#turns.get(queue)
    if (turned !== undefined && turned.place !== best?.place) {
      this.close(queue)
      return now
    }
    if (best === undefined || best.place.loaded !== false) return Infinity
    const { residency } = best.upstream
    const { tenant } = best.place
    if (residency.turningTo === tenant) {
      if (opensInMs(situation, best) > 0) return Infinity
      // There is room, and it was not taken.
      this.#rests.set(queue, now + restMs)
      this.close(queue)
      return now
    }
    const wish = { now, since: situation.ask.arrivedAt, deadline: queue.soonestDeadline, readyMs: 0 }
    const readyMs = best.place.firstTokenMs(situation.ask.promptTokens, now)
    const dueInMs = residency.dueInMs(tenant, { ...wish, readyMs })
    if (dueInMs > 0) return now + dueInMs
    residency.turnTo(tenant)
    if (residency.turningTo !== tenant) return Infinity
    this.#turns.set(queue, best)
    return opensInMs(situation, best) > 0 ? Infinity : now
  }

  /** Nobody waits there any more. True when a server was being emptied for it. */
  close(queue: Queue): boolean {
    const turned = this.#turns.get(queue)
    this.#turns.delete(queue)
    return turned?.upstream.residency.turnBack(turned.place.tenant) === true
  }
}

/** Undefined where every server has the model in memory, or does not tell. */
function cheapest(situation: Situation, tierMax: number): Offer | undefined {
  const { offers } = situation.offering
  if (!offers.some(({ place }) => place.loaded === false)) return undefined
  let best: Offer | undefined
  let least = Infinity
  for (const offer of offers) {
    if (offer.upstream.settings.tier > tierMax || !canServe(situation, offer)) continue
    const ms = costMs(situation, offer)
    if (ms < least) {
      best = offer
      least = ms
    }
  }
  return best
}

/** Somebody asks for what is offered. */
export function noteAsked({ offers }: Offering, now: number): void {
  let copies = 0
  for (const { place } of offers) if (place.loaded === true) copies += 1
  for (const { place } of offers) {
    if (place.loaded === undefined) continue
    place.tenant.asked.note(now)
    place.tenant.copies = copies
  }
}

/**
 * Somebody was served late, elsewhere or not at all because the model is not in the memory of these servers. Gives the
 * one into which it ought to be brought; undefined when it is not worth it.
 */
export function noteMissed({ offers }: Offering, { now, lateMs }: { now: number; lateMs: number }): Offer | undefined {
  let best: Offer | undefined
  let least = Infinity
  let isComing = false
  for (const offer of offers) {
    const { upstream, place } = offer
    if (place.loaded !== false || lateMs < place.tenant.loadMs) continue
    place.tenant.missed.note(now)
    isComing ||= upstream.residency.coming === place.tenant
    if (!upstream.allows(now) || !upstream.residency.deservesLoad(place.tenant, now)) continue
    const ms = place.tenant.loadMs + upstream.residency.evictionMs(place.tenant, now)
    if (ms < least) {
      best = offer
      least = ms
    }
  }
  return isComing ? undefined : best
}
