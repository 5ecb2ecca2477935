import type { Shares } from '../core/shares.ts'
import type { Offering } from '../fleet/offering.ts'
import type { Upstream } from '../fleet/upstream.ts'
import { Queue } from './waiting.ts'

/** All queues in which somebody waits: by what is offered, which outlasts each listing, and by who may serve it. */
export class Queues {
  readonly #shares: () => Shares
  readonly #byKey = new Map<string, Queue>()
  readonly #byUpstream = new Map<Upstream, Set<Queue>>()

  constructor(shares: () => Shares) {
    this.#shares = shares
  }

  get all(): Iterable<Queue> {
    return this.#byKey.values()
  }

  find({ key }: Offering): Queue | undefined {
    return this.#byKey.get(key)
  }

  /** Those who wait for what this one has. */
  of(upstream: Upstream): Iterable<Queue> {
    return this.#byUpstream.get(upstream) ?? none
  }

  isWaitedFor(upstream: Upstream): boolean {
    return this.#byUpstream.has(upstream)
  }

  open(offering: Offering): Queue {
    let queue = this.find(offering)
    if (queue === undefined) {
      queue = new Queue(offering, this.#shares)
      this.#byKey.set(offering.key, queue)
      for (const upstream of offering.upstreams) {
        const queues = this.#byUpstream.get(upstream)
        if (queues === undefined) this.#byUpstream.set(upstream, new Set([queue]))
        else queues.add(queue)
      }
    }
    return queue
  }

  close(queue: Queue): void {
    this.#byKey.delete(queue.offering.key)
    for (const upstream of queue.offering.upstreams) {
      const queues = this.#byUpstream.get(upstream)
      queues?.delete(queue)
      if (queues?.size === 0) this.#byUpstream.delete(upstream)
    }
  }
}

const none: readonly Queue[] = []
