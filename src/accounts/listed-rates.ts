import { picoPerMillion, type Price, type Rates } from '../core/money.ts'
import type { ListedRates } from './price-list.ts'

/** What the list says, as it is counted with. */
export function priceFrom(listedRates: ListedRates, source: string, hears: boolean): Price {
  const { longer } = listedRates
  return {
    ...ratesFrom(listedRates, hears),
    ...(longer && { longer: longer.map((at) => ({ aboveTokens: at.above, ...ratesFrom(at, hears) })) }),
    source,
  }
}

function ratesFrom({ input, output, cached, write, writeHour, audio }: ListedRates, hears: boolean): Rates {
  const heard = hears && audio !== undefined && audio > input
  return {
    input: picoOf(heard ? audio : input),
    output: picoOf(output),
    // What is heard and kept has a price of its own nowhere here: it counts as what is heard anew.
    ...(cached !== undefined && !heard && { cachedInput: picoOf(cached) }),
    ...(write !== undefined && { cacheWrite: picoOf(write) }),
    ...(writeHour !== undefined && { cacheWriteHour: picoOf(writeHour) }),
  }
}

/** Up to the next whole one, where there is a fraction and not merely how fractions are kept. */
const picoOf = (dollarsPerMillion: number): number => Math.ceil(dollarsPerMillion * picoPerMillion - 1e-6)

/** Never less than any of them, whatever is used. */
export function dearest(prices: readonly Price[]): Price {
  if (prices.length === 1) return prices[0]!
  const source = [...new Set(prices.map((price) => price.source))].join(', ')
  const borders = new Set(prices.flatMap(({ longer = [] }) => longer.map(({ aboveTokens }) => aboveTokens)))
  const longer = [...borders]
    .toSorted((one, other) => one - other)
    .map((aboveTokens) => ({ aboveTokens, ...most(prices.map((price) => ratesAbove(price, aboveTokens))) }))
  return { ...most(prices), ...(longer.length > 0 && { longer }), source }
}

const ratesAbove = (price: Price, promptTokens: number): Rates =>
  price.longer?.findLast(({ aboveTokens }) => aboveTokens <= promptTokens) ?? price

function most(rates: readonly Rates[]): Rates {
  const of = (figure: (rates: Rates) => number): number => Math.max(...rates.map(figure))
  return {
    input: of(({ input }) => input),
    output: of(({ output }) => output),
    cachedInput: of(({ input, cachedInput = input }) => cachedInput),
    cacheWrite: of(({ input, cacheWrite = input }) => cacheWrite),
    cacheWriteHour: of(({ input, cacheWrite = input, cacheWriteHour = cacheWrite }) => cacheWriteHour),
  }
}
