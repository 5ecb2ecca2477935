/** How fast it goes by what it sees: the last dozen answers count. */
const share = 0.15
const factorMin = 0.3
const factorMax = 4
/** Of fewer tokens most are the template's, whatever the text. */
const tokensMin = 40

/**
 * How many tokens a model makes of a text, compared with the first guess from its bytes. Learned from what servers
 * counted, model by model, because tokenizers and what people write differ.
 */
export class Wordiness {
  readonly #factors = new Map<string, number>()

  estimate(model: string, guessedTokens: number): number {
    const factor = this.#factors.get(model)
    return factor === undefined ? guessedTokens : Math.ceil(guessedTokens * factor)
  }

  /** `guessedTokens` is what was guessed of the same text, however long ago. */
  learn(model: string, guessedTokens: number, countedTokens: number): void {
    if (countedTokens < tokensMin || guessedTokens <= 0) return
    const factor = this.#factors.get(model) ?? 1
    const seen = countedTokens / guessedTokens
    this.#factors.set(model, Math.min(factorMax, Math.max(factorMin, factor ** (1 - share) * seen ** share)))
  }
}
