import type { Ask } from '../core/ask.ts'

/** Before anything is known. */
const tokensBefore = 200
/** How much of the average each new answer is. */
const freshness = 0.1
/** Pairs of caller and model remembered; the oldest go first. */
const pairsMax = 2_000

/** How long answers are likely to be: callers ask for the same kind of thing again and again. */
export class OutputGuess {
  readonly #means = new Map<string, number>()

  tokensFor(ask: Ask): number {
    const mean = this.#means.get(keyOf(ask)) ?? this.#means.get(ask.model) ?? tokensBefore
    return ask.outputTokensMax === undefined ? mean : Math.min(mean, ask.outputTokensMax)
  }

  learn(ask: Ask, outputTokens: number): void {
    this.#blend(keyOf(ask), outputTokens)
    this.#blend(ask.model, outputTokens)
  }

  #blend(key: string, tokens: number): void {
    const mean = this.#means.get(key)
    if (mean === undefined && this.#means.size >= pairsMax) this.#means.delete(this.#means.keys().next().value!)
    this.#means.set(key, mean === undefined ? tokens : mean + (tokens - mean) * freshness)
  }
}

const keyOf = (ask: Ask): string => `${ask.caller.id}\n${ask.model}`
