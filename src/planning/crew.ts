import { availableParallelism } from 'node:os'
import type { RecordedUpstream } from '../recording/rows.ts'
import type { FittedUpstream } from './fit.ts'
import { type Hand, handHere } from './hand.ts'
import type { Passage } from './passage.ts'
import type { Plan } from './plan.ts'
import type { PlayParts } from './play.ts'
import { ThreadHand } from './thread-hand.ts'
import type { Origin } from './traffic.ts'

/** Hands that do side by side what none of them needs of another. Who is asked for more than that takes it in turn. */
export class Crew {
  readonly #hands: readonly Hand[]
  readonly #free: Hand[]
  readonly #waiting: ((hand: Hand) => void)[] = []

  constructor(hands: readonly Hand[]) {
    this.#hands = hands
    this.#free = [...hands]
  }

  /** `onBegin` is told when somebody has a hand free for it. */
  play(plan: Plan, parts: PlayParts, onBegin: () => void): Promise<readonly Passage[]> {
    return this.#inHand(onBegin, (hand) => hand.play(plan, parts))
  }

  fit(upstream: RecordedUpstream, onBegin: () => void): Promise<FittedUpstream> {
    return this.#inHand(onBegin, (hand) => hand.fit(upstream))
  }

  /** Nothing is begun any more, and what is under way is left as it is. */
  end(): void {
    this.#waiting.length = 0
    for (const hand of this.#hands) hand.end()
  }

  async #inHand<T>(onBegin: () => void, work: (hand: Hand) => Promise<T>): Promise<T> {
    // Who was busy last is free first: no thread is started for what others can do.
    const hand = this.#free.pop() ?? (await new Promise<Hand>((resolve) => this.#waiting.push(resolve)))
    onBegin()
    try {
      return await work(hand)
    } catch (error) {
      // Nobody wants to know any more what came of the others.
      this.end()
      throw error
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free.push(hand)
      else next(hand)
    }
  }
}

export interface Work {
  readonly requests: number
  /** So many at once, at most. */
  readonly orders: number
  readonly cores?: number
  readonly freeBytes?: number
}

/** Where one hand is enough it does everything here. */
export function crewFor(origin: Origin, work: Work): Crew {
  const hands = handsFor(work)
  return new Crew(hands < 2 ? [handHere(origin)] : Array.from({ length: hands }, () => new ThreadHand(origin)))
}

/** What is played within the time that it takes a thread to begin. */
const requestsLeast = 3_000

/** What a thread takes of memory, and for each request that it plays. */
const threadBytes = 100e6
const requestBytes = 4_000

/** One for each order, as far as there are cores and memory for them, and there is enough to do. */
export function handsFor(work: Work): number {
  const { requests, orders, cores = availableParallelism(), freeBytes = process.availableMemory() } = work
  if (requests < requestsLeast) return 1
  return Math.max(1, Math.min(orders, cores, Math.floor(freeBytes / (threadBytes + requests * requestBytes))))
}
