import { Line } from './line.ts'

/** Shorter answers do not tell how long a token takes. */
const tokensMin = 8

/** Of what twice as many at once would bring if they cost each other nothing, this much has to be left. */
const worthIt = 0.1

/**
 * Learns what a token costs when so many speak at once: a straight line. Its fixed part is shared by all, so more at once
 * are worth it as long as it is a part of the whole that counts.
 */
export class Batching {
  readonly #tokenMs = new Line({ overhead: 20, slope: 1 })

  learn(of: { readonly atOnce: number; readonly tokens: number; readonly tookMs: number }): void {
    if (of.tokens >= tokensMin) this.#tokenMs.learn(of.atOnce, of.tookMs / (of.tokens - 1))
  }

  /** Whether still more would get more done, and not just each of them less. */
  paysBeyond(atOnce: number): boolean {
    return this.#tokenMs.at(0) >= worthIt * this.#tokenMs.at(atOnce)
  }
}
