import type { Ask } from '../core/ask.ts'
import type { Position } from '../core/dialect.ts'
import type { Emit } from '../core/event.ts'
import { Fault } from '../core/fault.ts'
import type { Policy } from '../core/policy.ts'
import { type Shares, usualShares } from '../core/shares.ts'
import type { World } from '../core/world.ts'
import { fitting } from '../fleet/fit.ts'
import type { Fleet } from '../fleet/fleet.ts'
import type { Ending } from '../fleet/limit.ts'
import type { Offer, Offering } from '../fleet/offering.ts'
import type { Upstream } from '../fleet/upstream.ts'
import { judge, type Line, type Verdict } from './arrival.ts'
import { decisionOf } from './decision.ts'
import { type Explanation, prospectsOf } from './explain.ts'
import { Crowd } from './crowd.ts'
import { costIn, Expectations } from './expectations.ts'
import { nobodyAhead } from './fair-queue.ts'
import { hedgeTerms, OneLease, type Held, type Lease, type LeaseSeen, type Terms } from './lease.ts'
import { whoMakesWay } from './making-way.ts'
import { keptBy } from './kept-home.ts'
import { cheapestWithRoom, lookedAtMax, nearest } from './nearest.ts'
import { bestBeyond, findPlace, type Finding } from './placement.ts'
import { isTooLateAt, predictionAt, predictionFor, startByIn } from './prediction.ts'
import { gone, isUseless, nobodyLeft, shed, tooLate, unknownModel } from './refusal.ts'
import { Queues } from './queues.ts'
import { firstTry, type Situation } from './situation.ts'
import { type Outlook, outlooks, promised, tierFor, untilLookedAt } from './tiers.ts'
import { Turns } from './turns.ts'
import { findSpare, type SpareWish } from './spare.ts'
import { isReadyInTime, isShortOfMemory } from './standing-in.ts'
import { type Queue, Waiting } from './waiting.ts'
import { Wakes } from './wakes.ts'

export type { Lease } from './lease.ts'

export interface SchedulerParts {
  readonly world: World
  readonly fleet: Fleet
  readonly policy: Policy
  /** Asks that may wait, all models together. */
  readonly queueMax: number
  readonly shares?: Shares | undefined
  readonly emit: Emit
}

/** More often than this nothing is predicted anew. */
const lookAgainMs = 20

/** When servers change, so many are looked at in one go, and the rest soon. */
const atOnceMax = 100

type Queued = Verdict & { readonly action: 'queue' }

/**
 * Decides who is served next, and where, in the same step: an ask is bound to an upstream only when one has room.
 * Nothing that decides awaits, so no decision ever sees another half done; what takes time happens to the lease's holder.
 */
export class Scheduler {
  /** Those who wait already stay when it shrinks. */
  queueMax: number
  shares: Shares
  readonly #world: World
  readonly #fleet: Fleet
  readonly #policy: Policy
  readonly #emit: Emit
  readonly #expectations = new Expectations()
  readonly #queues = new Queues(() => this.shares)
  readonly #crowd = new Crowd()
  readonly #wakes: Wakes
  readonly #turns: Turns
  #grants = 0

  constructor({ world, fleet, policy, queueMax, shares = usualShares, emit }: SchedulerParts) {
    this.#world = world
    this.#fleet = fleet
    this.#policy = policy
    this.queueMax = queueMax
    this.shares = shares
    this.#emit = emit
    this.#turns = new Turns(fleet, emit)
    this.#wakes = new Wakes({
      world,
      onLook: () => this.#drain(this.#queues.all),
      onWake: (waiting, now) => this.#consider(waiting, now),
    })
    fleet.watch(() => this.#onFleetChange())
  }

  /** How many wait. */
  get waiting(): number {
    return this.#crowd.size
  }

  /** Undefined for an ask that does not wait here. */
  position(ask: Ask): Position | undefined {
    const waiting = this.#crowd.find(ask)
    if (waiting === undefined) return undefined
    const situation = this.#expectations.waiting(waiting, waiting.queue!.ahead(waiting), this.#world.now())
    return { ahead: situation.ahead.count, firstTokenMs: promised(situation)?.firstTokenMs }
  }

  /** Waits for a place as long as the ask's patience allows. Rejects with a Fault; what is in `avoid` is not tried. */
  acquire(ask: Ask, avoid: ReadonlySet<Upstream> = firstTry): Promise<Lease> {
    if (ask.signal.aborted) return Promise.reject(gone())
    const offering = this.#offeringFor(ask)
    if (offering === undefined) return Promise.reject(unknownModel(this.#fleet, ask))
    const situation = this.#arrivalOf(ask, offering, avoid)
    if (avoid === firstTry) this.#turns.asked(ask, offering, situation.now)
    const verdict = judge(situation, this.#policy, this.#lineBefore(situation))
    this.#expectations.came(situation)
    switch (verdict.action) {
      case 'run':
      case 'spill':
        return Promise.resolve(this.#lease(situation, verdict.offer, verdict.finding.outlooks, undefined))
      case 'queue':
        return this.#enter(situation, verdict)
      case 'refuse':
        this.#turns.missed(offering, Infinity, situation.now)
        if (verdict.dueAt !== undefined) this.#expectations.sentAway(situation, verdict.dueAt)
        return Promise.reject(verdict.fault)
      case 'errand':
        return Promise.reject(new Fault('internal', 'An errand takes no place.'))
    }
  }

  /** An idle place for a second try at an ask whose first is not over, elsewhere than in `avoid`; undefined when there is none. */
  tryAcquire(ask: Ask, avoid: ReadonlySet<Upstream>, wish: SpareWish): Lease | undefined {
    const offering = this.#offeringFor(ask)
    if (offering === undefined || ask.signal.aborted) return undefined
    const situation = this.#arrivalOf(ask, offering, avoid)
    const offer = findSpare(situation, this.#policy, { ...wish, queues: this.#queues })
    return offer && this.#take(situation, offer, hedgeTerms)
  }

  /** What `acquire` would do with this ask now. Nothing is taken. With a `verdict`, that is already known. */
  explain(ask: Ask, verdict?: Verdict): Explanation {
    const now = this.#world.now()
    const known = this.#fleet.offering(ask.model)
    return {
      ask,
      offering: known?.name,
      prospects: prospectsOf(known, ask, now),
      verdict: verdict ?? this.#foresee(ask),
    }
  }

  /** No server that costs nothing has its model in memory, and none at all promises it in time. */
  isShort(ask: Ask): boolean {
    const offering = this.#offeringFor(ask)
    return offering !== undefined && isShortOfMemory(this.#arrivalOf(ask, offering, firstTry))
  }

  /** Whether it is promised in time, from a model that surely is enough for it and need not be loaded. */
  isInTime(ask: Ask): boolean {
    const offering = this.#offeringFor(ask)
    return offering !== undefined && isReadyInTime(this.#arrivalOf(ask, offering, firstTry))
  }

  #foresee(ask: Ask): Verdict {
    const offering = this.#offeringFor(ask)
    if (offering === undefined) return { action: 'refuse', fault: unknownModel(this.#fleet, ask) }
    const situation = this.#arrivalOf(ask, offering, firstTry)
    return judge(situation, this.#policy, this.#lineBefore(situation))
  }

  #arrivalOf(ask: Ask, offering: Offering, avoid: ReadonlySet<Upstream>): Situation {
    const queue = this.#queues.find(offering)
    return this.#expectations.arriving(ask, offering, { queue, avoid, now: this.#world.now() })
  }

  #lineBefore(situation: Situation): Line {
    const queue = this.#queues.find(situation.offering)
    const room = this.#crowd.roomFor(situation.ask, this.queueMax)
    return { ...room, others: queue?.all, kept: this.#expectations.keptFor(situation, queue) }
  }

  /** Where this very ask may be served. */
  #offeringFor(ask: Ask): Offering | undefined {
    const offering = this.#fleet.offering(ask.model)
    return offering && fitting(offering, ask)
  }

  #enter(situation: Situation, queued: Queued): Promise<Lease> {
    const { ask, offering, avoid, length, now } = situation
    const { ahead, outlook, outlooks: promises, makesWay, leaves, isDue } = queued
    if (leaves !== undefined) this.#shed(leaves, now)
    const predicted = predictionFor(situation, outlook)
    const claim = { cost: costIn(situation), startBy: startByIn(situation), isDue }
    const waiting = new Waiting({ ask, avoid, length, ...claim, now, predicted, onAbort: this.#onAbort })
    const queue = this.#queues.open(offering)
    this.#crowd.enter(waiting)
    queue.enter(waiting)
    this.#emit({ type: 'ask-queued', ask, ahead, predicted })
    if (makesWay === undefined) this.#watch(waiting, situation, promises)
    else {
      this.#sendAway(makesWay, now)
      this.#consider(waiting, now)
    }
    this.#noteRest(queue, now)
    return waiting.lease
  }

  #lease(situation: Situation, offer: Offer, promises: readonly Outlook[], waited: Waiting | undefined): Lease {
    const { ask, offering, avoid, now } = situation
    const { upstream, place } = offer
    const waitMs = waited === undefined ? 0 : now - waited.since
    const cachedTokens = place.cachedTokens(ask)
    const by = { offer, waitMs, outlooks: promises }
    const why = { isRetry: avoid !== firstTry, cachedTokens, keptBy: keptBy(situation, by) }
    const decision = decisionOf({ ask, offering, ...by, ...why })
    const predicted = waited === undefined ? predictionAt(situation, offer) : waited.predicted
    const lease = this.#take(situation, offer, { charge: waited?.ticket, waitMs, decision, predicted })
    const { spilled } = lease
    const { name, tier } = upstream.settings
    this.#emit({ type: 'ask-granted', ask, upstream: name, tier, waitMs, spilled, predicted })
    if (spilled || waitMs > 0) this.#turns.missed(offering, spilled ? Infinity : waitMs, now)
    return lease
  }

  #take({ ask, offering, length, now }: Situation, offer: Offer, terms: Terms): Lease {
    const { upstream, place } = offer
    const { promptTokens, prefix, stream } = ask
    const stay = upstream.begin(place, { promptTokens, prefix, length, stream }, now)
    const spilled = upstream.settings.tier > offering.lowestTier
    return new OneLease({ ask, offering, offer, stay, spilled, ...terms }, this.#onEnd, this.#onRoom)
  }

  readonly #onEnd = (held: Held, ending: Ending, seen: LeaseSeen): void => {
    const { offer, stay } = held
    const now = this.#world.now()
    const { firstTokenMs, usage, restMs } = seen
    const { outputTokens = 0, cachedTokens } = usage ?? {}
    offer.upstream.end(offer.place, stay, ending, { firstTokenMs, outputTokens, cachedTokens, restMs }, now)
    this.#expectations.ended(held, ending, { usage, now })
    this.#drain(this.#queues.of(offer.upstream))
  }

  /** More fit there than was known. */
  readonly #onRoom = ({ offer }: Held): void => this.#drain(this.#queues.of(offer.upstream))

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
    const free = cheapestWithRoom(queue.offering, now)
    if (free === undefined) return false
    for (const waiting of queue.retries) if (this.#serve(waiting, now)) return true
    const few = queue.fair.firstFew(lookedAtMax)
    if (few.length > 0) {
      const near = nearest(few, free, now)
      if (this.#serve(near, now)) return true
      if (near !== few[0]!.item && this.#serve(few[0]!.item, now)) return true
    }
    for (const waiting of queue.late) {
      if (this.#consider(waiting, now)) return true
      // Still too late for the cheap places, and no room in the costlier ones: nor is there for those behind.
      if (queue.late.has(waiting)) return false
    }
    return false
  }

  /** Gives a place to the one whose turn it is, if there is one. */
  #serve(waiting: Waiting, now: number): boolean {
    const situation = this.#expectations.waiting(waiting, nobodyAhead, now)
    const finding = findPlace(situation, this.#policy)
    if (finding.offer !== undefined && waiting.queue!.size > 1 && isTooLateAt(situation, finding.offer)) {
      this.#giveUp(waiting, situation, tierFor(situation, outlooks(situation)))
      return true
    }
    return this.#grant(waiting, situation, finding)
  }

  /**
   * Looks at one out of turn: when it comes, when its wait grows too long, and when servers change. Only a costlier
   * place can be free for it then. True when it waits no longer.
   */
  #consider(waiting: Waiting, now: number): boolean {
    const queue = waiting.queue!
    const situation = this.#expectations.waiting(waiting, queue.ahead(waiting), now)
    const finding = findPlace(situation, this.#policy)
    const makesWay = finding.offer && whoMakesWay(situation, finding, queue.all)
    if (makesWay !== undefined && this.#sendAway(makesWay, now)) return this.#consider(waiting, now)
    if (this.#grant(waiting, situation, finding)) return true
    const best = tierFor(situation, finding.outlooks)
    if (now >= waiting.deadline || (best?.isLearned === true && isUseless(situation, best))) {
      this.#giveUp(waiting, situation, best)
      return true
    }
    this.#watch(waiting, situation, finding.outlooks)
    return false
  }

  /** Sees to it that one who stays is looked at again when the cheapest places can no longer make it. */
  #watch(waiting: Waiting, situation: Situation, promises: readonly Outlook[]): void {
    const { late } = waiting.queue!
    const mayMove = promises.length > 1 || waiting.ask.deadlineMs !== undefined
    const spare = mayMove ? untilLookedAt(situation, promises) : Infinity
    if (spare < 0) late.add(waiting)
    else late.delete(waiting)
    this.#wakes.wake(waiting, spare < 0 ? Infinity : situation.now + Math.max(spare, lookAgainMs))
  }

  /** Sends one to a costlier place, out of turn, so that another need not go. */
  #sendAway(waiting: Waiting, now: number): boolean {
    const { offering } = waiting.queue!
    const situation = this.#expectations.waiting(waiting, waiting.queue!.ahead(waiting), now)
    const offer = bestBeyond(offering.lowestTier, situation, this.#policy)
    return this.#grant(waiting, situation, { offer, outlooks: outlooks(situation) })
  }

  /** Its patience is spent. A server said to be down is still better than a refusal, if there is no other. */
  #giveUp(waiting: Waiting, situation: Situation, best: Outlook | undefined): void {
    const left = nobodyLeft(situation)
    if (left !== undefined) {
      const desperate = { ...situation, desperate: true }
      if (this.#grant(waiting, desperate, findPlace(desperate, this.#policy))) return
    }
    this.#expectations.waited(waiting, situation, true)
    this.#remove(waiting, false)
    this.#turns.missed(situation.offering, Infinity, situation.now)
    const fault = left ?? tooLate(situation, best)
    // It has waited its time. When it comes back it goes first.
    if (fault.retryAfterMs !== undefined && left === undefined)
      this.#expectations.sentAway(situation, situation.now + fault.retryAfterMs)
    waiting.refuse(fault)
  }

  #grant(waiting: Waiting, situation: Situation, { offer, outlooks: promises }: Finding): boolean {
    if (offer === undefined) return false
    waiting.queue!.servedAt = this.#grants += 1
    // What goes to a costlier place takes nothing from those who share the cheap ones.
    const isCheap = offer.upstream.settings.tier === situation.offering.lowestTier
    if (isCheap) this.#expectations.waited(waiting, situation, false)
    this.#remove(waiting, isCheap)
    waiting.grant(this.#lease(situation, offer, promises, waiting))
    return true
  }

  #remove(waiting: Waiting, served: boolean): void {
    const queue = waiting.queue!
    queue.leave(waiting, served)
    this.#wakes.forget(waiting)
    this.#crowd.leave(waiting)
    if (queue.size === 0) this.#close(queue)
    if (this.#crowd.size === 0) this.#wakes.off()
  }

  #shed(waiting: Waiting, now: number): void {
    const situation = this.#expectations.waiting(waiting, waiting.queue!.ahead(waiting), now)
    this.#remove(waiting, false)
    waiting.refuse(shed(situation, promised(situation)))
  }

  readonly #onAbort = (waiting: Waiting): void => {
    this.#remove(waiting, false)
    waiting.refuse(gone())
  }

  #close(queue: Queue): void {
    this.#queues.close(queue)
    // Those who were held back for it are looked at when what is being done now is done.
    if (this.#turns.close(queue)) this.#wakes.lookBy(this.#world.now())
  }

  #noteRest(queue: Queue, now: number): void {
    this.#wakes.rest(queue.offering, now)
    const { first } = queue
    if (first !== undefined)
      this.#wakes.lookBy(this.#turns.look(queue, this.#expectations.waiting(first, nobodyAhead, now)))
  }

  /** Money has come free, as it does again and again: who waits may be able to go where it costs some. */
  lookAgain(): void {
    this.#wakes.soon(this.#crowd, this.#world.now() + lookAgainMs)
  }

  #onFleetChange(): void {
    for (const waiting of this.#crowd) this.#follow(waiting)
    this.#drain(this.#queues.all)
    const now = this.#world.now()
    const rest: Waiting[] = []
    let looked = 0
    for (const waiting of this.#crowd) {
      if ((looked += 1) <= atOnceMax) this.#consider(waiting, now)
      else rest.push(waiting)
    }
    this.#wakes.soon(rest, now)
  }

  /** Moves one who waits to where its model is offered now. */
  #follow(waiting: Waiting): void {
    const queue = waiting.queue!
    const offering = this.#offeringFor(waiting.ask)
    if (offering?.key === queue.offering.key) {
      queue.offering = offering
      return
    }
    if (offering === undefined) {
      this.#remove(waiting, false)
      waiting.refuse(unknownModel(this.#fleet, waiting.ask))
      return
    }
    queue.leave(waiting, false)
    if (queue.size === 0) this.#close(queue)
    this.#queues.open(offering).enter(waiting)
  }
}
