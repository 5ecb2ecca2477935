import type { Ask } from '../core/ask.ts'
import type { Fault } from '../core/fault.ts'
import type { Length } from '../core/length.ts'
import type { Prediction } from '../core/reply.ts'
import type { Shares } from '../core/shares.ts'
import type { Offering } from '../fleet/offering.ts'
import type { Upstream } from '../fleet/upstream.ts'
import { type Ahead, FairQueue, nobodyAhead, type Ticket } from './fair-queue.ts'
import type { Heaped } from './heap.ts'
import type { Lease } from './lease.ts'
import { firstTry } from './situation.ts'

/** All who wait for what is offered under one name. It is there only while someone waits. */
export class Queue {
  /** Another one for the same when it is listed anew. */
  offering: Offering
  readonly fair: FairQueue<Waiting>
  /** Let down by a server once already: they have waited their turn and go first. */
  readonly retries: Set<Waiting> = new Set()
  /** Also in `fair`, but the cheapest tier can no longer make it: the first room in a costlier one is theirs. */
  readonly late: Set<Waiting> = new Set()
  /** When the patience ends of whoever has the least, gone or not. */
  soonestDeadline = Infinity
  /** Number of the grant that was its last. */
  servedAt = 0
  readonly #all = new Set<Waiting>()

  constructor(offering: Offering, shares: () => Shares) {
    this.offering = offering
    this.fair = new FairQueue(shares)
  }

  /** The one whose turn it is. */
  get first(): Waiting | undefined {
    for (const waiting of this.retries) return waiting
    return this.fair.first?.item
  }

  get size(): number {
    return this.#all.size
  }

  enter(waiting: Waiting): void {
    waiting.queue = this
    this.soonestDeadline = Math.min(this.soonestDeadline, waiting.deadline)
    this.#all.add(waiting)
    this.#count(1)
    if (waiting.avoid !== firstTry) {
      this.retries.add(waiting)
      return
    }
    const { ask, cost, startBy, isDue } = waiting
    waiting.ticket = this.fair.push(waiting, { caller: ask.caller, priority: ask.priority, cost, startBy, isDue })
  }

  /** With `served`, its caller is charged for it. */
  leave(waiting: Waiting, served: boolean): void {
    if (this.#all.delete(waiting)) this.#count(-1)
    this.late.delete(waiting)
    this.retries.delete(waiting)
    if (waiting.ticket === undefined) return
    if (served) this.fair.take(waiting.ticket)
    else this.fair.remove(waiting.ticket)
  }

  /** Servers know how many wait for what they might have to throw out. */
  #count(change: 1 | -1): void {
    for (const { place } of this.offering.offers) place.tenant.waiting += change
  }

  ahead({ ticket }: Waiting): Ahead {
    return ticket === undefined ? nobodyAhead : this.fair.ahead(ticket)
  }

  /** Those who wait, whoever comes first, the longest first. */
  get all(): Iterable<Waiting> {
    return this.#all
  }
}

/** One ask that waits for a place. It listens to its caller's signal itself, so that leaving costs no closure. */
export class Waiting implements Heaped {
  readonly ask: Ask
  readonly avoid: ReadonlySet<Upstream>
  readonly length: Length
  /** Milliseconds that it is thought to take of a machine. */
  readonly cost: number
  readonly startBy: number | undefined
  /** It was refused before, and has come back when it was told to: its turn is now. */
  readonly isDue: boolean
  readonly since: number
  /** When its patience ends. */
  readonly deadline: number
  readonly lease: Promise<Lease>
  readonly #resolve: (lease: Lease) => void
  readonly #reject: (fault: Fault) => void
  readonly #onAbort: (waiting: Waiting) => void
  /** What was thought of it when it came. */
  readonly predicted: Prediction | undefined
  queue: Queue | undefined
  ticket: Ticket<Waiting> | undefined
  /** When to look at it again though nothing has happened. */
  wakeAt: number = Infinity
  /** When another was first served in its place, because a server knew that one's prompt. */
  passedOverAt: number | undefined
  heapAt = -1

  constructor(of: {
    readonly ask: Ask
    readonly avoid: ReadonlySet<Upstream>
    readonly length: Length
    readonly cost: number
    readonly startBy?: number | undefined
    readonly isDue: boolean
    readonly now: number
    readonly predicted: Prediction | undefined
    readonly onAbort: (waiting: Waiting) => void
  }) {
    const { promise, resolve, reject } = Promise.withResolvers<Lease>()
    this.ask = of.ask
    this.avoid = of.avoid
    this.length = of.length
    this.cost = of.cost
    this.startBy = of.startBy
    this.isDue = of.isDue
    this.since = of.now
    this.predicted = of.predicted
    this.deadline = of.ask.arrivedAt + of.ask.patienceMs
    this.lease = promise
    this.#resolve = resolve
    this.#reject = reject
    this.#onAbort = of.onAbort
    of.ask.signal.addEventListener('abort', this)
  }

  handleEvent(): void {
    this.#onAbort(this)
  }

  grant(lease: Lease): void {
    this.ask.signal.removeEventListener('abort', this)
    this.#resolve(lease)
  }

  refuse(fault: Fault): void {
    this.ask.signal.removeEventListener('abort', this)
    this.#reject(fault)
  }
}
