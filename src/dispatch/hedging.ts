import type { Ask } from '../core/ask.ts'
import { Watchdog } from '../core/watchdog.ts'
import type { Upstream } from '../fleet/upstream.ts'
import type { Attempt } from './attempt.ts'
import { HedgeBudget } from './hedge-budget.ts'
import type { DispatchParts } from './parts.ts'
import { Race } from './race.ts'

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
  readonly #budget: HedgeBudget | undefined
  readonly #clock: Watchdog
  readonly #cloud: boolean

  constructor(parts: DispatchParts) {
    const { hedge, world } = parts
    this.#parts = parts
    this.#budget = hedge && new HedgeBudget(hedge.share)
    this.#cloud = hedge?.cloud ?? false
    this.#clock = new Watchdog(world, tickMs)
  }

  /** An ask came, of which there may be several attempts. */
  came(): void {
    this.#budget?.earn()
  }

  /**
   * Resolves with the attempt that spoke first. Rejects as `first` does when none has. What a second one was begun on and
   * failed goes into `avoid`; its lease, and that of whoever lost, is ended here.
   */
  async open(first: Attempt, ask: Ask, avoid: Set<Upstream>): Promise<Attempt> {
    const budget = this.#budget
    const lateAfterMs = budget && mayHedge(ask) ? first.lease.lateAfterMs(first.isSilentToItsEnd) : undefined
    if (budget === undefined || lateAfterMs === undefined) {
      await first.open()
      return first
    }
    const terms = {
      budget,
      clock: this.#clock,
      cloud: this.#cloud,
      lateAfterMs: Math.max(lateMinMs, lateAfterMs * budget.scarcity),
    }
    return new Race(first, { ask, avoid, parts: this.#parts, ...terms }).run()
  }
}

/** Vectors are quick; and what one server is to remember, another has no part in. */
const mayHedge = ({ needs }: Ask): boolean => !needs.includes('vectors') && !needs.includes('memory')
