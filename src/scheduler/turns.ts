import type { Ask } from '../core/ask.ts'
import type { Emit, Event } from '../core/event.ts'
import { Fault } from '../core/fault.ts'
import type { Fleet } from '../fleet/fleet.ts'
import type { Offer, Offering } from '../fleet/offering.ts'
import type { Place } from '../fleet/place.ts'
import { costMs, opensInMs } from './room.ts'
import { canServe, type Situation } from './situation.ts'
import { promised } from './tiers.ts'
import type { Queue } from './waiting.ts'

/** What was made ready and then not used is not made ready again at once. */
const restMs = 1_000
/** A load that nobody waited for and that failed is not tried again for so long. */
const failedRestMs = 60_000

/**
 * Has servers emptied for models that are waited for, each in one place at a time: the one where that costs least. An ask
 * that comes in time for a while more leaves those that are in memory to whoever wants them.
 */
export class Turns {
  readonly #fleet: Fleet
  readonly #emit: Emit
  readonly #turns = new Map<Queue, Offer>()
  readonly #rests = new WeakMap<Queue, number>()
  readonly #failedUntil = new WeakMap<Place, number>()

  constructor(fleet: Fleet, emit: Emit) {
    this.#fleet = fleet
    this.#emit = emit
  }

  /** Somebody asks. For whom another model stands in, its own was asked for, and missed. */
  asked({ standsInFor }: Ask, offering: Offering, now: number): void {
    if (standsInFor === undefined) return noteAsked(offering, now)
    const wanted = this.#fleet.offering(standsInFor)
    if (wanted === undefined) return
    noteAsked(wanted, now)
    this.missed(wanted, Infinity, now)
  }

  /** Somebody was served late, elsewhere or not at all. Perhaps for want of the model in the memory of one of these servers. */
  missed(offering: Offering, lateMs: number, now: number): void {
    const offer = noteMissed(offering, lateMs, now)
    if (offer === undefined || now < (this.#failedUntil.get(offer.place) ?? 0)) return
    offer.upstream.memory.bring(offer.model)?.catch((error: unknown) => {
      this.#failedUntil.set(offer.place, now + failedRestMs)
      // It is tried again and again, and told once.
      if (offer.place.loadTrouble?.isNews !== false) this.#emit(notBrought(offer, error))
    })
  }

  /** Looks after the one whose turn it is. Tells when to look again; Infinity for not by itself. */
  look(queue: Queue, situation: Situation): number {
    if (queue.offering.offers.every(({ place }) => place.loaded !== false)) return Infinity
    const tierMax = promised(situation)?.tier
    if (tierMax === undefined) return Infinity
    const { now } = situation
    const restsUntil = this.#rests.get(queue) ?? 0
    if (now < restsUntil) return restsUntil
    const best = cheapest(situation, tierMax)
    const turned = this.#turns.get(queue)
    if (turned !== undefined && turned.place !== best?.place) {
      this.close(queue)
      return now
    }
    if (best === undefined || best.place.loaded !== false || !best.place.hasRoom(now)) return Infinity
    const { residency } = best.upstream
    const { tenant } = best.place
    if (residency.turningTo === tenant) {
      if (opensInMs(situation, best) > 0) return Infinity
      // There is room, and it was not taken.
      this.#rests.set(queue, now + restMs)
      this.close(queue)
      return now
    }
    const readyMs = best.place.firstTokenMs(situation.ask.promptTokens, now)
    const { arrivedAt: since } = situation.ask
    const { size: waiting, soonestDeadline: deadline } = queue
    const dueInMs = residency.dueInMs(tenant, { now, since, waiting, deadline, readyMs })
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

function cheapest(situation: Situation, tierMax: number): Offer | undefined {
  let best: Offer | undefined
  let least = Infinity
  for (const offer of situation.offering.offers) {
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
function noteAsked({ offers }: Offering, now: number): void {
  let copies = 0
  for (const { place } of offers) if (place.loaded === true) copies += 1
  for (const { place } of offers) {
    if (place.loaded === undefined) continue
    place.tenant.asked.note(now)
    place.tenant.copies = copies
  }
}

/** Gives the server into which what was missed ought to be brought; undefined when that is not worth it. */
function noteMissed({ offers }: Offering, lateMs: number, now: number): Offer | undefined {
  let best: Offer | undefined
  let least = Infinity
  let isComing = false
  for (const offer of offers) {
    const { upstream, place } = offer
    if (place.loaded !== false || lateMs < place.tenant.loadMs) continue
    place.tenant.missed.note(now)
    isComing ||= upstream.residency.coming === place.tenant
    if (!upstream.allows(now) || !place.allows(now) || !upstream.residency.deservesLoad(place.tenant, now)) continue
    const ms = place.tenant.loadMs + upstream.residency.evictionMs(place.tenant, now)
    if (ms < least) {
      best = offer
      least = ms
    }
  }
  return isComing ? undefined : best
}

const notBrought = ({ upstream, model }: Offer, error: unknown): Event => ({
  type: 'notice',
  level: 'warn',
  text: `${upstream.settings.name}: ${model.name} could not be loaded: ${Fault.from(error).message}`,
})
