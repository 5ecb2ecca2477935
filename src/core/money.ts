import type { Usage } from './usage.ts'

/**
 * Money is counted in whole billionths of a dollar (nano), and what a token costs in whole millionths of a millionth (pico):
 * a dollar for a million tokens is a million pico each. Both are exact integers up to nine million dollars.
 */
export const nanoPerDollar = 1_000_000_000
export const picoPerMillion = 1_000_000

/** What tokens cost, in pico-dollars each. */
export interface Rates {
  readonly input: number
  readonly output: number
  /** Of the prompt, what was found in the provider's memory; as the rest where it is undefined. */
  readonly cachedInput?: number | undefined
  /** Of the prompt, what was written there. */
  readonly cacheWrite?: number | undefined
}

/** What one model costs. */
export interface Price extends Rates {
  /** Where long prompts cost more: all of it, from so many prompt tokens on. The shortest first. */
  readonly longer?: readonly (Rates & { readonly aboveTokens: number })[] | undefined
  /** Where it is from, and of what day: it stands beside every cent that was spent by it. */
  readonly source: string
}

/** What it came to. A fraction of a nano is charged as a whole one. */
export function costOf(usage: Usage, price: Price): number {
  const { promptTokens, outputTokens, cachedTokens = 0, cacheWriteTokens = 0 } = usage
  const { input, output, cachedInput = input, cacheWrite = input } = ratesFor(promptTokens, price)
  const plain = Math.max(0, promptTokens - cachedTokens - cacheWriteTokens)
  return inNano(plain * input + cachedTokens * cachedInput + cacheWriteTokens * cacheWrite + outputTokens * output)
}

/** The most that a prompt and an answer of at most so many tokens can cost, wherever the prompt is read from. */
export function mostFor(promptTokens: number, outputTokens: number, price: Price): number {
  let most = 0
  for (const rates of [price, ...(price.longer ?? [])]) {
    // A prompt may be counted longer than it was guessed: the dearer rates are not ruled out by a guess just below them.
    if ('aboveTokens' in rates && promptTokens * guessMargin < rates.aboveTokens) continue
    most = Math.max(most, promptTokens * dearestInput(rates) + outputTokens * rates.output)
  }
  return inNano(most)
}

/** How many tokens of answer so much money buys behind such a prompt; negative where it does not pay for the prompt. */
export function outputTokensFor(nano: number, promptTokens: number, price: Price): number {
  const forPrompt = mostFor(promptTokens, 0, price)
  const perToken = mostFor(promptTokens, 1_000_000, price) - forPrompt
  if (nano < forPrompt) return -1
  return perToken === 0 ? Infinity : Math.floor(((nano - forPrompt) / perToken) * 1_000_000)
}

const guessMargin = 1.5

/** What tokens cost behind a prompt of that length. */
export const ratesFor = (promptTokens: number, price: Price): Rates =>
  price.longer?.findLast(({ aboveTokens }) => promptTokens > aboveTokens) ?? price

const dearestInput = ({ input, cachedInput = input, cacheWrite = input }: Rates): number =>
  Math.max(input, cachedInput, cacheWrite)

function inNano(pico: number): number {
  if (!Number.isSafeInteger(pico) || pico < 0) throw new RangeError('An amount of money is out of bounds.')
  return Math.ceil(pico / 1_000)
}

/** As people read it: `$0.0123`. */
export function inDollars(nano: number): string {
  const dollars = Math.abs(nano) / nanoPerDollar
  const digits = dollars >= 1 || dollars === 0 ? 2 : Math.min(9, 3 - Math.floor(Math.log10(dollars)))
  return `${nano < 0 ? '-' : ''}$${dollars.toFixed(digits)}`
}
