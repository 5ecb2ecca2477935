import type { Ask } from '../core/ask.ts'
import { Watchdog } from '../core/watchdog.ts'
import type { Upstream } from '../fleet/upstream.ts'
import type { Attempt } from './attempt.ts'
import { HedgeBudget } from './hedge-budget.ts'
import type { DispatchParts } from './parts.ts'
import { type Note, Race } from './race.ts'

/** An answer that is late by less than this is not worth a second one. */
const lateMinMs = 100
const tickMs = 50

/**
 * Opens attempts. One that is silent for longer than its server hardly ever is gets company: the same ask on another
 * server that stands idle, and the first of them to speak answers. So that this helps when one server hangs, and does not
 * make a busy fleet busier, it is for few asks, and never for one that waits for its model to load.
 */
export class Hedging {
  readonly #parts: DispatchParts
  readonly #note: Note
  readonly #budget: HedgeBudget | undefined
  readonly #clock: Watchdog
  readonly #cloud: boolean
  readonly #failed = new WeakMap<Ask, Upstream[]>()

  /** A failure beside which another attempt goes on is told to `note`. */
  constructor(parts: DispatchParts, note: Note) {
    const { hedge, world } = parts
    this.#parts = parts
    this.#note = note
    this.#budget = hedge && new HedgeBudget(hedge.share)
    this.#cloud = hedge?.cloud ?? false
    this.#clock = new Watchdog(world, tickMs)
  }

  /** An ask came, of which there may be several attempts. */
  came(): void {
    this.#budget?.earn()
  }

  /** Resolves with the attempt that spoke first. Rejects as `first` did when none has; to end its lease is left to the caller. */
  async open(first: Attempt, ask: Ask, avoid: ReadonlySet<Upstream>): Promise<Attempt> {
    const budget = this.#budget
    const lateMs = budget && mayHedge(ask) ? first.lease.lateMs(!first.shows) : undefined
    if (budget === undefined || lateMs === undefined) {
      await first.open()
      return first
    }
    const lateAfterMs = Math.max(lateMinMs, lateMs * budget.scarcity)
    const [parts, note, clock, cloud, failed] = [this.#parts, this.#note, this.#clock, this.#cloud, this.#failed]
    return new Race(first, { ask, avoid, parts, note, clock, cloud, failed, budget, lateAfterMs }).run()
  }

  /** Servers that let this ask down while it was asked elsewhere too. */
  failedBeside(ask: Ask): readonly Upstream[] {
    return this.#failed.get(ask) ?? []
  }
}

/** Vectors are quick; and what one server is to remember, another has no part in. */
const mayHedge = ({ needs }: Ask): boolean => !needs.includes('vectors') && !needs.includes('memory')
