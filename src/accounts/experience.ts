import { type Length, longestOf } from '../core/length.ts'
import type { Usage } from '../core/usage.ts'

/** How fast it goes by what it sees: the last twenty answers count. */
const share = 0.1
/** What is reserved for a prompt beyond its guess, before anything is known. */
const factorMin = 1.25
/** A token has a byte at least, and a guess takes four for one. */
const factorMax = 4
/** Each prompt that was guessed well lets the margin shrink by this. */
const forget = 0.98
/** Of fewer tokens most are the template's, whatever the text. */
const tokensMin = 40
/** Models of which something is remembered. */
const modelsMax = 1_000

interface Known {
  mu: number
  variance: number
  promptFactor: number
}

/** What answers for money were like, model by model: how long, and how far off the guess of their prompts was. */
export class Experience {
  readonly #models = new Map<string, Known>()

  /** `guessedTokens` is what was guessed of the prompt. */
  learn(model: string, guessedTokens: number, { promptTokens, outputTokens, estimated }: Usage): void {
    if (estimated === true) return
    const known = this.#models.get(model) ?? { mu: Math.log(400), variance: 1, promptFactor: factorMin }
    if (outputTokens > 0) {
      const off = Math.log(outputTokens) - known.mu
      known.mu += share * off
      known.variance += share * (off * off - known.variance)
    }
    if (promptTokens >= tokensMin && guessedTokens > 0) {
      const needed = Math.min(factorMax, (promptTokens / guessedTokens) * 1.1)
      known.promptFactor = Math.max(factorMin, needed, known.promptFactor * forget)
    }
    this.#models.delete(model)
    this.#models.set(model, known)
    if (this.#models.size > modelsMax) this.#models.delete(this.#models.keys().next().value!)
  }

  /** Times its guess, a prompt is hardly ever counted longer. */
  promptFactor(model: string): number {
    return this.#models.get(model)?.promptFactor ?? factorMin
  }

  /** Hardly any answer of this model is longer; undefined where none was seen. */
  longest(model: string): number | undefined {
    const known = this.#models.get(model)
    if (known === undefined) return undefined
    const length: Length = { mu: known.mu, sigma: Math.sqrt(known.variance), most: Infinity }
    return Math.ceil(longestOf(length))
  }
}
