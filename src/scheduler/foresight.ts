import type { Offering } from '../fleet/offering.ts'

/** How much of an average each new wait is. */
const freshness = 0.05
const least = 0.6
const most = 1.8
/** Shorter waits than this tell nothing. */
const waitMinMs = 200

/**
 * How much longer people wait than was foretold them: others come meanwhile who go first, and answers are longer when a
 * machine is full. Learned as a factor, by what is asked for, so that an error does not go on for ever.
 */
export class Foresight {
  /** By the name of what is offered, for that outlasts each listing. */
  readonly #factors = new Map<string, number>()

  factor({ name }: Offering): number {
    return this.#factors.get(name) ?? 1
  }

  /** One has waited; `foretoldMs` is what it was told, factor and all. With `inVain` it would have had to wait longer still. */
  learn(offering: Offering, foretoldMs: number, waitedMs: number, inVain: boolean): void {
    if (foretoldMs < waitMinMs) return
    const ratio = waitedMs / foretoldMs
    if (inVain && ratio < 1) return
    const factor = this.factor(offering)
    const next = factor * Math.min(4, Math.max(0.25, ratio)) ** freshness
    this.#factors.set(offering.name, Math.min(most, Math.max(least, next)))
  }
}
