import type { Usage } from './usage.ts'

/**
 * Money is counted in whole billionths of a dollar (nano), and what a token costs in whole millionths of a millionth (pico):
 * a dollar for a million tokens is a million pico each. Both are exact integers: sums up to nine million dollars, and a
 * single request up to nine thousand.
 */
export const nanoPerDollar = 1_000_000_000
export const picoPerMillion = 1_000_000

/** A server whose tier is this or higher costs money. */
export const paidTier = 1

/** What tokens cost, in pico-dollars each. */
export interface Rates {
  readonly input: number
  readonly output: number
  /** Of the prompt, what was found in the provider's memory; as the rest where it is undefined. */
  readonly cachedInput?: number | undefined
  /** Of the prompt, what was written there. */
  readonly cacheWrite?: number | undefined
  /** Of that, what is to stay there for an hour; as the rest of it where it is undefined. */
  readonly cacheWriteHour?: number | undefined
}

/** What one model costs. */
export interface Price extends Rates {
  /** Where long prompts cost more: all of it, from so many prompt tokens on. The shortest first. */
  readonly longer?: readonly (Rates & { readonly aboveTokens: number })[] | undefined
  /** Where it is from, and of what day: it stands beside every cent that was spent by it. */
  readonly source: string
}

/** What it came to. A fraction of a nano is charged as a whole one. Throws where that is more than can be counted. */
export function costOf(usage: Usage, price: Price): number {
  const { promptTokens, outputTokens, cachedTokens = 0, cacheWriteTokens = 0, cacheWriteHourTokens = 0 } = usage
  for (const count of [promptTokens, outputTokens, cachedTokens, cacheWriteTokens, cacheWriteHourTokens]) check(count)
  const rates = ratesFor(promptTokens, price)
  const { input, output, cachedInput = input, cacheWrite = input, cacheWriteHour = cacheWrite } = rates
  const plain = Math.max(0, promptTokens - cachedTokens - cacheWriteTokens)
  const forHour = Math.min(cacheWriteTokens, cacheWriteHourTokens)
  const written = (cacheWriteTokens - forHour) * cacheWrite + forHour * cacheWriteHour
  const pico = plain * input + cachedTokens * cachedInput + written + outputTokens * output
  return Math.ceil(check(pico) / picoPerNano)
}

/**
 * The most that a prompt and an answer of at most so many tokens can cost, wherever the prompt is read from. Infinite where
 * that is more than can be counted: callers may ask for answers of any length.
 */
export function mostFor(promptTokens: number, outputTokens: number, price: Price): number {
  check(promptTokens)
  if (outputTokens > Number.MAX_SAFE_INTEGER) return Infinity
  check(outputTokens)
  let most = 0
  for (const rates of ratesNear(promptTokens, price))
    most = Math.max(most, promptTokens * dearestInput(rates) + outputTokens * rates.output)
  return most > Number.MAX_SAFE_INTEGER ? Infinity : Math.ceil(most / picoPerNano)
}

/** How many tokens of answer so much money buys behind such a prompt; negative where it does not pay for the prompt. */
export function outputTokensFor(nano: number, promptTokens: number, price: Price): number {
  const pico = Math.min(nano, mostCounted) * picoPerNano
  let bought = Infinity
  for (const rates of ratesNear(check(promptTokens), price)) {
    const left = pico - promptTokens * dearestInput(rates)
    if (left < 0) return -1
    if (rates.output > 0) bought = Math.min(bought, Math.floor(left / rates.output))
  }
  return bought
}

const picoPerNano = 1_000
const mostCounted = Math.floor(Number.MAX_SAFE_INTEGER / picoPerNano)

/** Those that a prompt may turn out to be charged by, when it is counted and no longer guessed. */
const ratesNear = (promptTokens: number, price: Price): readonly Rates[] =>
  price.longer === undefined
    ? [price]
    : [price, ...price.longer.filter(({ aboveTokens }) => promptTokens * guessMargin >= aboveTokens)]

/** A prompt may have more tokens than was guessed, by so much. */
const guessMargin = 1.5

/** What tokens cost behind a prompt of that length. */
export const ratesFor = (promptTokens: number, price: Price): Rates =>
  price.longer?.findLast(({ aboveTokens }) => promptTokens > aboveTokens) ?? price

function dearestInput(rates: Rates): number {
  const { input, cachedInput = input, cacheWrite = input, cacheWriteHour = cacheWrite } = rates
  return Math.max(input, cachedInput, cacheWrite, cacheWriteHour)
}

function check(count: number): number {
  if (!Number.isSafeInteger(count) || count < 0) throw new RangeError('A count of tokens or of money is out of bounds.')
  return count
}

/** As people read it: `$0.0123`. */
export function inDollars(nano: number): string {
  const dollars = Math.abs(nano) / nanoPerDollar
  const digits = dollars >= 1 || dollars === 0 ? 2 : Math.min(9, 3 - Math.floor(Math.log10(dollars)))
  return `${nano < 0 ? '-' : ''}$${dollars.toFixed(digits)}`
}
