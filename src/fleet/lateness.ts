/** The latest that are kept, and how many have to be for them to tell anything. */
const samplesMax = 100
const samplesMin = 20

/**
 * Of those that were served, nine in ten came within this share of the samples, and what is later than that by half is
 * one in thirty to one in a hundred. The latest themselves do not tell: when a server hangs now and then, they are its hangs.
 */
const share = 0.9
const beyond = 1.5

/** Looked at anew after so many. */
const freshFor = 8

/** Expectations shorter than this are no measure of anything. */
const expectedMinMs = 10

/** How late first tokens come compared with what was expected of each: when to believe that something is wrong. */
export class Lateness {
  /** In a ring, by how many times as late as expected. */
  readonly #samples: number[] = []
  #learned = 0
  #times: number | undefined
  #lookedAt = 0

  /** So many times as late as expected hardly any came; undefined until that is known. */
  get times(): number | undefined {
    if (this.#learned < samplesMin) return undefined
    if (this.#times === undefined || this.#learned - this.#lookedAt >= freshFor) {
      const sorted = Float64Array.from(this.#samples).sort()
      this.#times = beyond * sorted[Math.floor(share * sorted.length)]!
      this.#lookedAt = this.#learned
    }
    return this.#times
  }

  /** From an ask until which nothing may be thought wrong; undefined until that is known. */
  after(expectedMs: number): number | undefined {
    const { times } = this
    return times && times * Math.max(expectedMinMs, expectedMs)
  }

  learn(expectedMs: number, tookMs: number): void {
    this.#samples[this.#learned % samplesMax] = tookMs / Math.max(expectedMinMs, expectedMs)
    this.#learned += 1
  }
}
