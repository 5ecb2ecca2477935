/** The latest that are kept: a machine grows hot, and cools down again. */
const samplesMax = 20

/** What is seen is often too short and now and then too long: so much of it is below what is believed. */
const share = 0.7

/** How long a server takes to read a prompt, as far as that can be seen from outside while it is in use. */
export class Reading {
  readonly #samples: number[] = []
  /** As many times as long as the modest card. */
  #times = 1

  get isKnown(): boolean {
    return this.#samples.length > 0
  }

  msFor(promptTokens: number): number {
    return this.#times * modestMs(promptTokens)
  }

  learn(promptTokens: number, tookMs: number): void {
    if (this.#samples.length === samplesMax) this.#samples.shift()
    this.#samples.push(Math.max(1, tookMs) / modestMs(promptTokens))
    const sorted = this.#samples.toSorted((one, other) => one - other)
    this.#times = sorted[Math.floor(share * sorted.length)]!
  }
}

/** A modest graphics card. */
const modestMs = (promptTokens: number): number => 30 + 0.3 * promptTokens
