import { readFileSync } from 'node:fs'

/** The public prices that came along: a file, drawn up by `npm run prices`, in dollars for a million tokens. */
export interface PriceList {
  /** Where it is from, and of what day. */
  readonly source: string
  readonly day: string
  readonly sellers: readonly ListedSeller[]
}

/** Who sells models under an address of its own. */
export interface ListedSeller {
  readonly name: string
  /** A pattern of its addresses. */
  readonly urls: string
  /** Sellers whose models it has too, under their names and prices. */
  readonly also?: readonly string[]
  readonly models: readonly ListedModel[]
}

export interface ListedModel {
  /** In small letters. */
  readonly names: readonly string[]
  /** How names begin of which nothing but a date may follow. */
  readonly dated?: readonly string[]
  /** At least one: each takes the place of those before it. */
  readonly rates: readonly ListedRates[]
}

interface ListedFigures {
  readonly input: number
  readonly output: number
  readonly cached?: number
  readonly write?: number
  readonly writeHour?: number
  /** What is heard, where that costs more than what is read. */
  readonly audio?: number
}

export interface ListedRates extends ListedFigures {
  /** The day since when. */
  readonly from?: string
  /** Only at some hours of the day. */
  readonly hourly?: true
  /** From prompts longer than so many tokens on, the shortest first. */
  readonly longer?: readonly (ListedFigures & { readonly above: number })[]
}

export const readPriceList = (): PriceList =>
  JSON.parse(readFileSync(new URL('price-list.json', import.meta.url), 'utf8')) as PriceList
