import type { Ask } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import { NetFault, type World } from '../core/world.ts'
import type { Fleet } from '../fleet/fleet.ts'
import type { Place } from '../fleet/place.ts'
import { Stall } from '../fleet/pulse.ts'
import type { Upstream } from '../fleet/upstream.ts'
import type { Lease, Scheduler } from '../scheduler/scheduler.ts'
import { costsMoney } from '../scheduler/paid.ts'
import type { RetryBudget } from './retry-budget.ts'
import { isUnpaid } from './toll.ts'

export interface RetryParts {
  readonly world: World
  readonly scheduler: Scheduler
  readonly fleet: Fleet
  /** Tries for one ask, the first included. */
  readonly attemptsMax: number
}

/** A server that is asked again because it was only busy is asked after so long, and a bit of chance. */
const jitterMinMs = 25
const jitterMaxMs = 1_000
/** Longer than this nobody waits for a server that named a time. */
const restMaxMs = 60_000
/** A server that loads a model is asked so often whether it is done. */
const loadingEveryMs = 500

/** A place that was only busy, and the time its server named. */
interface Resting {
  readonly place: Place
  readonly notBefore: number
}

const restedAt = ({ place, notBefore }: Resting): number => Math.max(place.coolsUntil, notBefore)

/**
 * One ask that was let down before its first byte, and where it may be tried again.
 *
 * Never twice at one place, but for these: a kept connection that died just as it was used again, a server that says itself
 * that what was wrong is over, a model that had stopped and is brought back, and, where no other is left, a server that was
 * only busy or loading, once it has rested. What may have been run where it costs money is not run where it costs money again.
 */
export class Retry {
  readonly #ask: Ask
  readonly #parts: RetryParts
  readonly #budget: RetryBudget
  readonly #avoid = new Set<Upstream>()
  /** Those that may be asked once more, and have been. */
  readonly #excused = new Set<Upstream>()
  /** In `#avoid` as well, until they have rested and there is no other. */
  readonly #busy = new Map<Upstream, Resting>()
  #last!: Fault
  #failed = false
  #tries = 0
  #holds = false

  constructor(ask: Ask, parts: RetryParts, budget: RetryBudget) {
    this.#ask = ask
    this.#parts = parts
    this.#budget = budget
  }

  /** Where it is not to be tried again, as things stand. */
  get avoided(): ReadonlySet<Upstream> {
    return this.#avoid
  }

  /** It was asked there beside another, and was let down. */
  avoid(upstream: Upstream): void {
    this.#avoid.add(upstream)
  }

  /** Whether this failure says something about the server: the first that is excused does not. */
  blames({ upstream }: Lease, fault: Fault): boolean {
    return !isExcuse(fault) || this.#excused.has(upstream)
  }

  /** Takes in what went wrong, and throws it when nothing else may be tried. */
  async after(fault: Fault, lease: Lease): Promise<void> {
    this.over()
    const { upstream } = lease
    // Only if nobody has the model is that the answer.
    if (!this.#failed || fault.kind !== 'model-missing') this.#last = fault
    this.#failed = true
    if (!fault.retry || this.#isLate) throw this.#last
    // A server that loads is asked again and again, as long as its caller has patience.
    if (fault.kind !== 'upstream-loading') this.#tries += 1
    if (this.#tries >= this.#parts.attemptsMax) throw this.#last
    const mayHaveRun = !fault.told && !isUnsent(fault)
    if (mayHaveRun && costsMoney(upstream)) this.#avoidAllThatCost()
    else if ((isExcuse(fault) || fault.cause instanceof Stall) && !this.#excused.has(upstream))
      this.#excused.add(upstream)
    else this.#avoid.add(upstream)
    this.#noteRest(fault, lease)
    // What nobody has begun costs nobody anything.
    if (fault.told && fault.kind !== 'upstream-broke') return
    if (isUnsent(fault)) return
    const grant = await this.#budget.take(this.#parts.world, this.#patienceLeftMs, this.#ask.signal)
    this.#holds = grant === 'lent'
    if (grant === undefined) throw Fault.from(this.#last, this.#ask.signal)
  }

  /** The money for a try there was not to be had: nothing was tried, and nobody is to blame. Throws for a caller that has gone. */
  afterUnpaid(fault: Fault, { upstream }: Lease): void {
    this.#avoid.add(upstream)
    if (fault.kind === 'cancelled') throw fault
    if (!this.#failed) this.#last = fault
  }

  /**
   * The place for the next try. Rejects with what went wrong before rather than with the news that nothing is left; that there was
   * no money to go elsewhere is told with it.
   */
  async acquire(): Promise<Lease> {
    try {
      return await this.#place()
    } catch (error) {
      // It is not tried again after all.
      this.over()
      throw error
    }
  }

  /** It speaks, or has failed: another may be tried again in its stead. */
  over(): void {
    if (this.#holds) this.#budget.giveBack()
    this.#holds = false
  }

  async #place(): Promise<Lease> {
    const { scheduler, world } = this.#parts
    for (let round = 1; ; round += 1) {
      try {
        return await scheduler.acquire(this.#ask, this.#avoid)
      } catch (error) {
        const fault = Fault.from(error, this.#ask.signal)
        if (!this.#isWorse(fault)) throw fault
        const restMs = this.#untilRested()
        if (restMs > this.#patienceLeftMs) throw isUnpaid(fault) ? this.#last.with({}, fault.message) : this.#last
        // Those who were refused together shall not come back together.
        const jitterMs = jitterMinMs + world.random() * (Math.min(jitterMaxMs, 50 * 2 ** round) - jitterMinMs)
        await world.sleep(Math.min(restMs, loadingEveryMs) + jitterMs, this.#ask.signal)
        if (this.#isLate) throw this.#last
        this.#forgive()
      }
    }
  }

  /** The refusal says less than what went wrong before. */
  #isWorse(fault: Fault): boolean {
    const { kind } = fault
    if (kind === 'no-upstream' || kind === 'no-such-model' || isUnpaid(fault)) return true
    return this.#busy.size > 0 && (kind === 'patience-spent' || kind === 'queue-full')
  }

  #noteRest({ kind, retryAfterMs = 0 }: Fault, { upstream, model }: Lease): void {
    if (kind !== 'upstream-busy' && kind !== 'upstream-loading') this.#busy.delete(upstream)
    else
      this.#busy.set(upstream, {
        place: upstream.place(model.id),
        notBefore: this.#parts.world.now() + retryAfterMs,
      })
  }

  /** Until one that was only busy may be asked again; Infinity when there is none. */
  #untilRested(): number {
    let soonest = Infinity
    for (const resting of this.#busy.values()) soonest = Math.min(soonest, restedAt(resting))
    return Math.max(0, soonest - this.#parts.world.now())
  }

  /** Those that were only busy, and have rested, may be tried again. */
  #forgive(): void {
    const now = this.#parts.world.now()
    for (const [upstream, resting] of this.#busy) if (now >= restedAt(resting)) this.#avoid.delete(upstream)
  }

  #avoidAllThatCost(): void {
    for (const { upstream } of this.#parts.fleet.offering(this.#ask.model)?.offers ?? [])
      if (costsMoney(upstream)) this.#avoid.add(upstream)
  }

  get #patienceLeftMs(): number {
    return this.#ask.arrivedAt + this.#ask.patienceMs - this.#parts.world.now()
  }

  /** Whatever comes now comes too late. */
  get #isLate(): boolean {
    const { deadlineMs = Infinity, arrivedAt } = this.#ask
    return this.#parts.world.now() >= arrivedAt + deadlineMs
  }
}

/** For how long the place is to be left alone that gave this answer; undefined where it says nothing of that. */
export function restFor({ kind, retryAfterMs }: Fault): number | undefined {
  if (kind === 'upstream-loading')
    return retryAfterMs === undefined ? loadingEveryMs : Math.min(restMaxMs, retryAfterMs)
  return kind === 'upstream-busy' && retryAfterMs !== undefined ? Math.min(restMaxMs, retryAfterMs) : undefined
}

/** What is over with the failure itself: asked once more, the same server may well serve. */
const isExcuse = ({ passing, cause }: Fault): boolean => passing || (cause instanceof NetFault && cause.kept)

const isUnsent = ({ cause }: Fault): boolean => cause instanceof NetFault && cause.unsent
