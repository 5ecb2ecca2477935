import type { Ask } from '../core/ask.ts'
import type { Position } from '../core/dialect.ts'
import type { Emit, Event } from '../core/event.ts'
import { Fault } from '../core/fault.ts'
import type { Policy } from '../core/policy.ts'
import type { World } from '../core/world.ts'
import { fitting, surelyFits } from '../fleet/fit.ts'
import type { Fleet } from '../fleet/fleet.ts'
import type { Ending } from '../fleet/limit.ts'
import type { Offer, Offering } from '../fleet/offering.ts'
import type { Upstream } from '../fleet/upstream.ts'
import { Alarm } from './alarm.ts'
import { decisionOf } from './decision.ts'
import { type Explanation, foresee, prospectsOf, type Verdict } from './explain.ts'
import { Heap } from './heap.ts'
import { OneLease, type Held, type Lease, type LeaseSeen } from './lease.ts'
import { OutputGuess } from './output-guess.ts'
import { findPlace, type Finding } from './placement.ts'
import { gone, nobodyLeft, noWaiting, patienceSpent, unknownModel } from './refusal.ts'
import { drainMs, type Outlook, outlooks, patienceLeftMs, promisedMs, type Situation, tierFor } from './tiers.ts'
import { noteAsked, noteMissed, Turns } from './turns.ts'
import { Queue, Waiting } from './waiting.ts'

export type { Lease } from './lease.ts'

export interface SchedulerParts {
  readonly world: World
  readonly fleet: Fleet
  readonly policy: Policy
  /** Asks that may wait, all models together. */
  readonly queueMax: number
  readonly emit: Emit
}

/** More often than this nothing is predicted anew. */
const lookAgainMs = 20

const none: ReadonlySet<Upstream> = new Set()

/**
 * Decides who is served next, and where, in the same step: an ask is bound to an upstream only when one has room.
 * Nothing that decides awaits, so no decision ever sees another half done; what takes time happens to the lease's holder.
 */
export class Scheduler {
  /** Those who wait already stay when it shrinks. */
  queueMax: number
  readonly #world: World
  readonly #fleet: Fleet
  readonly #policy: Policy
  readonly #emit: Emit
  readonly #outputGuess = new OutputGuess()
  readonly #queues = new Map<Offering, Queue>()
  readonly #queuesOf = new Map<Upstream, Set<Queue>>()
  readonly #waiting = new Set<Waiting>()
  readonly #wakes = new Heap<Waiting>((one, other) => one.wakeAt < other.wakeAt)
  readonly #turns = new Turns()
  readonly #alarm: Alarm
  #grants = 0
  /** When a server that someone waits for has rested. */
  #restedAt = Infinity

  constructor({ world, fleet, policy, queueMax, emit }: SchedulerParts) {
    this.#world = world
    this.#fleet = fleet
    this.#policy = policy
    this.queueMax = queueMax
    this.#emit = emit
    this.#alarm = new Alarm(world, () => this.#onAlarm())
    fleet.watch(() => this.#onFleetChange())
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Those who wait, the longest first. */
  queued(): readonly Ask[] {
    return Array.from(this.#waiting, ({ ask }) => ask)
  }

  /** Undefined for an ask that does not wait here. */
  position({ signal }: Ask): Position | undefined {
    for (const waiting of this.#waiting) {
      // A layer may have passed on a copy of the ask; the signal stays the same.
      if (waiting.ask.signal !== signal) continue
      const now = this.#world.now()
      const ahead = waiting.queue!.ahead(waiting)
      return { ahead, firstTokenMs: promisedMs(situationOf(waiting, ahead, now)) }
    }
    return undefined
  }

  /** Waits for a place as long as the ask's patience allows. Rejects with a Fault; what is in `avoid` is not tried. */
  acquire(ask: Ask, avoid: ReadonlySet<Upstream> = none): Promise<Lease> {
    if (ask.signal.aborted) return Promise.reject(gone())
    const offering = this.#offeringFor(ask)
    if (offering === undefined) return Promise.reject(unknownModel(this.#fleet, ask))
    const now = this.#world.now()
    if (avoid.size === 0) this.#noteAsked(ask, offering, now)
    const queue = this.#queues.get(offering)
    const situation: Situation = { ask, offering, avoid, ahead: queue?.size ?? 0, now, desperate: false }
    // Nobody who waits is overtaken, except by those who had their turn already.
    const lease = queue === undefined || avoid.size > 0 ? this.#leaseNow({ ...situation, ahead: 0 }) : undefined
    return lease === undefined ? this.#enter(situation) : Promise.resolve(lease)
  }

  /** What `acquire` would do with this ask now. Nothing is taken. With a `verdict`, that is already known. */
  explain(ask: Ask, verdict?: Verdict): Explanation {
    const now = this.#world.now()
    const known = this.#fleet.offering(ask.model)
    return {
      ask,
      offering: known?.name,
      prospects: prospectsOf(known, ask, now),
      verdict: verdict ?? this.#foresee(ask, now),
    }
  }

  /** No server that costs nothing has the model in memory, and none at all promises it in time. */
  isShort(ask: Ask): boolean {
    const offering = this.#offeringFor(ask)
    if (offering === undefined) return false
    const home = offering.offers.filter(
      ({ upstream }) => upstream.settings.tier === offering.lowestTier && upstream.up !== false,
    )
    if (home.length === 0 || home.some(({ place }) => place.loaded !== false)) return false
    const ahead = this.#queues.get(offering)?.size ?? 0
    const situation: Situation = { ask, offering, avoid: none, ahead, now: this.#world.now(), desperate: false }
    const promise = promisedMs(situation)
    return promise === undefined || promise > patienceLeftMs(situation)
  }

  /** Whether it would be begun at once with a model that is in memory, or in a cloud, and that surely is enough for it. */
  canBegin(ask: Ask): boolean {
    const offering = this.#offeringFor(ask)
    if (offering === undefined || this.#queues.has(offering)) return false
    const situation: Situation = { ask, offering, avoid: none, ahead: 0, now: this.#world.now(), desperate: false }
    const { offer } = findPlace(situation, this.#policy)
    return offer !== undefined && offer.place.loaded !== false && surelyFits(offer, ask)
  }

  #foresee(ask: Ask, now: number): Verdict {
    const offering = this.#offeringFor(ask)
    if (offering === undefined) return { action: 'refuse', fault: unknownModel(this.#fleet, ask) }
    const queue = this.#queues.get(offering)
    const situation: Situation = { ask, offering, avoid: none, ahead: queue?.size ?? 0, now, desperate: false }
    const { caller, priority } = ask
    const ahead = queue?.fair.aheadOf({ caller, priority, costTokens: this.#costOf(ask) })
    return foresee(situation, this.#policy, { ahead, waiting: this.#waiting.size, queueMax: this.queueMax })
  }

  #costOf(ask: Ask): number {
    return ask.promptTokens + this.#outputGuess.tokensFor(ask)
  }

  /** Where this very ask may be served. */
  #offeringFor(ask: Ask): Offering | undefined {
    const offering = this.#fleet.offering(ask.model)
    return offering && fitting(offering, ask)
  }

  #enter(situation: Situation): Promise<Lease> {
    const { ask, offering, avoid, now } = situation
    const nobody = nobodyLeft(situation)
    const fault = nobody ?? noWaiting(situation, this.#waiting.size, this.queueMax)
    if (fault !== undefined) {
      // Rather than refuse: a costlier place that is in time, or a server said to be down if there is no other.
      const lease = this.#leaseNow({ ...situation, desperate: nobody !== undefined })
      return lease === undefined ? Promise.reject(fault) : Promise.resolve(lease)
    }
    const waiting = new Waiting({ ask, avoid, costTokens: this.#costOf(ask), now, onAbort: this.#onAbort })
    const queue = this.#queueFor(offering)
    this.#waiting.add(waiting)
    queue.enter(waiting)
    const ahead = queue.ahead(waiting)
    if (!this.#consider(waiting, now)) {
      this.#emit({ type: 'ask-queued', ask, ahead })
      this.#noteRest(queue, now)
    }
    return waiting.lease
  }

  #leaseNow(situation: Situation): Lease | undefined {
    const finding = findPlace(situation, this.#policy)
    return finding.offer === undefined ? undefined : this.#lease(situation, finding.offer, finding.outlooks, undefined)
  }

  #lease(situation: Situation, offer: Offer, promises: readonly Outlook[], waited: Waiting | undefined): Lease {
    const { ask, offering, avoid, now } = situation
    const { upstream, place } = offer
    const waitMs = waited === undefined ? 0 : now - waited.since
    const decision = decisionOf({ ask, offering, offer, waitMs, isRetry: avoid.size > 0, outlooks: promises })
    const { promptTokens, stream } = ask
    const stay = upstream.begin(place, { promptTokens, outputTokens: this.#outputGuess.tokensFor(ask), stream }, now)
    const { name, tier } = upstream.settings
    const spilled = tier > offering.lowestTier
    this.#emit({ type: 'ask-granted', ask, upstream: name, tier, waitMs, spilled })
    if (spilled || waitMs > 0) this.#noteMissed(offering, { now, lateMs: spilled ? Infinity : waitMs })
    return new OneLease({ ask, offer, stay, charge: waited?.ticket, waitMs, spilled, decision }, this.#onEnd)
  }

  /** For whom another model stands in, its own was asked for and missed. */
  #noteAsked({ standsInFor }: Ask, offering: Offering, now: number): void {
    const wanted = standsInFor === undefined ? offering : this.#fleet.offering(standsInFor)
    if (wanted === undefined) return
    noteAsked(wanted, now)
    if (standsInFor !== undefined) this.#noteMissed(wanted, { now, lateMs: Infinity })
  }

  /** Not had in time where it could have been: perhaps the model ought to be in memory there. */
  #noteMissed(offering: Offering, late: { now: number; lateMs: number }): void {
    const offer = noteMissed(offering, late)
    offer?.upstream.bring(offer.model)?.catch((error: unknown) => this.#emit(notBrought(offer, error)))
  }

  readonly #onEnd = (held: Held, ending: Ending, { firstTokenMs, usage }: LeaseSeen): void => {
    const { ask, offer, stay, charge } = held
    const outputTokens = usage?.outputTokens ?? 0
    offer.upstream.end(offer.place, stay, ending, { firstTokenMs, outputTokens }, this.#world.now())
    if (usage !== undefined) {
      if (ending === 'served') this.#outputGuess.learn(ask, outputTokens)
      charge?.settle(usage.promptTokens + outputTokens)
    }
    const queues = this.#queuesOf.get(offer.upstream)
    if (queues !== undefined) this.#drain(queues)
  }

  /** Serves whom it can, one of each queue in turn: queues that share a place share it evenly. */
  #drain(queues: Iterable<Queue>): void {
    const now = this.#world.now()
    const turns = [...queues].sort((one, other) => one.servedAt - other.servedAt)
    for (let queue = turns.shift(); queue !== undefined; queue = turns.shift()) {
      if (this.#serveOne(queue, now)) turns.push(queue)
      else if (queue.size > 0) this.#noteRest(queue, now)
    }
  }

  #serveOne(queue: Queue, now: number): boolean {
    for (const waiting of queue.retries) if (this.#serve(waiting, now)) return true
    const next = queue.fair.first
    if (next !== undefined && this.#serve(next.item, now)) return true
    for (const waiting of queue.late) {
      if (this.#consider(waiting, now)) return true
      // Still too late for the cheap places, and no room in the costlier ones: nor is there for those behind.
      if (queue.late.has(waiting)) return false
    }
    return false
  }

  /** Gives a place to the one whose turn it is, if there is one. */
  #serve(waiting: Waiting, now: number): boolean {
    const situation = situationOf(waiting, 0, now)
    return this.#grant(waiting, situation, findPlace(situation, this.#policy))
  }

  /**
   * Looks at one out of turn: when it comes, when its wait grows too long, and when servers change. Only a costlier
   * place can be free for it then. True when it waits no longer.
   */
  #consider(waiting: Waiting, now: number): boolean {
    const queue = waiting.queue!
    const situation = situationOf(waiting, queue.ahead(waiting), now)
    const finding = findPlace(situation, this.#policy)
    if (this.#grant(waiting, situation, finding)) return true
    if (now >= waiting.deadline) {
      this.#giveUp(waiting, situation)
      return true
    }
    const [cheapest, ...costlier] = finding.outlooks
    const spareMs =
      cheapest === undefined || costlier.length === 0 ? Infinity : waiting.deadline - now - cheapest.firstTokenMs
    if (spareMs < 0) queue.late.add(waiting)
    else queue.late.delete(waiting)
    this.#wake(waiting, spareMs < 0 ? Infinity : now + Math.max(spareMs, lookAgainMs))
    return false
  }

  /** Its patience is spent. A server said to be down is still better than a refusal, if there is no other. */
  #giveUp(waiting: Waiting, situation: Situation): void {
    const nobody = nobodyLeft(situation)
    if (nobody !== undefined) {
      const desperate = { ...situation, desperate: true }
      if (this.#grant(waiting, desperate, findPlace(desperate, this.#policy))) return
    }
    this.#remove(waiting, false)
    this.#noteMissed(situation.offering, { now: situation.now, lateMs: Infinity })
    waiting.refuse(nobody ?? patienceSpent(waiting.ask, drainMs(situation)))
  }

  #grant(waiting: Waiting, situation: Situation, { offer, outlooks: promises }: Finding): boolean {
    if (offer === undefined) return false
    waiting.queue!.servedAt = this.#grants += 1
    this.#remove(waiting, true)
    waiting.grant(this.#lease(situation, offer, promises, waiting))
    return true
  }

  #remove(waiting: Waiting, served: boolean): void {
    const queue = waiting.queue!
    queue.leave(waiting, served)
    this.#wakes.remove(waiting)
    this.#waiting.delete(waiting)
    if (queue.size === 0) this.#close(queue)
    if (this.#waiting.size === 0) {
      this.#alarm.off()
      this.#restedAt = Infinity
    }
  }

  readonly #onAbort = (waiting: Waiting): void => {
    this.#remove(waiting, false)
    waiting.refuse(gone())
  }

  #queueFor(offering: Offering): Queue {
    let queue = this.#queues.get(offering)
    if (queue === undefined) {
      queue = new Queue(offering)
      this.#queues.set(offering, queue)
      for (const upstream of offering.upstreams) {
        const queues = this.#queuesOf.get(upstream)
        if (queues === undefined) this.#queuesOf.set(upstream, new Set([queue]))
        else queues.add(queue)
      }
      for (const { place } of offering.offers) place.tenant.queues += 1
    }
    return queue
  }

  #close(queue: Queue): void {
    this.#queues.delete(queue.offering)
    for (const upstream of queue.offering.upstreams) {
      const queues = this.#queuesOf.get(upstream)
      queues?.delete(queue)
      if (queues?.size === 0) this.#queuesOf.delete(upstream)
    }
    for (const { place } of queue.offering.offers) place.tenant.queues -= 1
    // Those who were held back for it are looked at when what is being done now is done.
    if (this.#turns.close(queue)) this.#lookBy(this.#world.now())
  }

  #wake(waiting: Waiting, at: number): void {
    waiting.wakeAt = Math.min(at, waiting.deadline)
    if (this.#wakes.has(waiting)) this.#wakes.moved(waiting)
    else this.#wakes.push(waiting)
    this.#alarm.by(this.#wakes.first!.wakeAt)
  }

  /** A server that rests gives no sign when it has rested: it must be looked at by then. */
  #noteRest(queue: Queue, now: number): void {
    for (const { upstream, place } of queue.offering.offers) {
      const restsUntil = Math.max(place.coolsUntil, upstream.breaker.restsUntil ?? 0)
      if (restsUntil > now) this.#restedAt = Math.min(this.#restedAt, restsUntil)
    }
    const { first } = queue
    this.#lookBy(first === undefined ? Infinity : this.#lookAfter(queue, situationOf(first, 0, now)))
  }

  /** Sees to its coming in where its model is not in memory. Tells when to look again. */
  #lookAfter(queue: Queue, situation: Situation): number {
    if (queue.offering.offers.every(({ place }) => place.loaded !== false)) return Infinity
    const target = tierFor(outlooks(situation), patienceLeftMs(situation))
    return target === undefined ? Infinity : this.#turns.look(queue, situation, target.tier)
  }

  #lookBy(at: number): void {
    this.#restedAt = Math.min(this.#restedAt, at)
    this.#alarm.by(this.#restedAt)
  }

  #onAlarm(): void {
    const now = this.#world.now()
    if (now >= this.#restedAt) {
      this.#restedAt = Infinity
      this.#drain(this.#queues.values())
    }
    for (let next = this.#wakes.first; next !== undefined && next.wakeAt <= now; next = this.#wakes.first)
      this.#consider(next, now)
    if (this.#waiting.size > 0) this.#alarm.by(Math.min(this.#wakes.first!.wakeAt, this.#restedAt))
  }

  #onFleetChange(): void {
    for (const waiting of this.#waiting) this.#follow(waiting)
    this.#drain(this.#queues.values())
    const now = this.#world.now()
    for (const waiting of this.#waiting) this.#consider(waiting, now)
  }

  /** Moves one who waits to where its model is offered now. */
  #follow(waiting: Waiting): void {
    const queue = waiting.queue!
    const offering = this.#offeringFor(waiting.ask)
    if (offering === queue.offering) return
    if (offering === undefined) {
      this.#remove(waiting, false)
      waiting.refuse(unknownModel(this.#fleet, waiting.ask))
      return
    }
    queue.leave(waiting, false)
    if (queue.size === 0) this.#close(queue)
    this.#queueFor(offering).enter(waiting)
  }
}

function situationOf({ ask, avoid, queue }: Waiting, ahead: number, now: number): Situation {
  return { ask, offering: queue!.offering, avoid, ahead, now, desperate: false }
}

const notBrought = ({ upstream, model }: Offer, error: unknown): Event => ({
  type: 'notice',
  level: 'warn',
  text: `${upstream.settings.name}: ${model.name} could not be loaded: ${Fault.from(error).message}`,
})
