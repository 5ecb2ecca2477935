import { picoPerMillion, type Price, type Rates } from '../core/money.ts'
import { type ListedModel, type ListedRates, type ListedSeller, readPriceList } from './price-list.ts'

/** Where and when something is bought. What is not known of it counts as the dearest that it could be. */
export interface Purchase {
  /** Kind of the upstream. */
  readonly kind?: string | undefined
  /** Scheme, host and path before every other. */
  readonly url?: string | undefined
  readonly epochMs?: number | undefined
  /** What the request asks of a model: to hear may cost more than to read. */
  readonly needs?: readonly string[] | undefined
}

/**
 * What a model costs, by the name that its server has for it: as configured, else as the public list has it. Undefined where
 * nobody knows: a name is never taken for another that is like it, since that one may be cheaper.
 */
export function priceOf(model: string, own: ReadonlyMap<string, Price>, purchase: Purchase = {}): Price | undefined {
  const name = model.toLowerCase()
  return own.get(name) ?? listed().priceOf(name, purchase)
}

/** Of what day the public prices are. */
export const priceListDay = (): string => listed().day

let read: Shops | undefined
/** Not before somebody wants it: a gateway without a cloud never does. */
const listed = (): Shops => (read ??= new Shops())

class Shops {
  readonly day: string
  readonly #shelves: ReadonlyMap<string, Shelf>
  readonly #byUrls: readonly (readonly [urls: RegExp, shelves: readonly Shelf[]])[]
  /** What was asked for before: prices are looked up for every request, and there are few upstreams and models. */
  readonly #found = new Map<string, Map<string, Goods | undefined>>()

  constructor() {
    const { day, sellers } = readPriceList()
    this.day = day
    this.#shelves = new Map(sellers.map((seller) => [seller.name, new Shelf(seller, `${seller.name} ${day}`)]))
    this.#byUrls = sellers.map(({ name, urls, also = [] }) => [
      new RegExp(`^${urls}`),
      [name, ...also].map((one) => this.#shelves.get(one)!),
    ])
  }

  priceOf(name: string, { kind = '', url = '', epochMs, needs }: Purchase): Price | undefined {
    const place = url === '' ? kind : url
    let found = this.#found.get(place)
    if (found === undefined) this.#found.set(place, (found = new Map<string, Goods | undefined>()))
    let goods = found.get(name)
    if (goods === undefined && !found.has(name)) found.set(name, (goods = this.#find(name, kind, url)))
    return goods?.priceAt(epochMs, needs?.includes('audio') ?? true)
  }

  #find(name: string, kind: string, url: string): Goods | undefined {
    // Some sellers are a kind of server by themselves.
    const seller = this.#byUrls.find(([urls]) => urls.test(url))?.[1] ?? this.#shelves.get(kind)
    if (seller instanceof Shelf) return seller.find(name)
    const among = (shelves: Iterable<Shelf>): Goods[] => Array.from(shelves, (shelf) => shelf.find(name) ?? []).flat()
    // A seller has its own price first. Of those who might be meant, it is the dearest, in each of its parts.
    return seller === undefined ? anyOf(among(this.#shelves.values())) : among(seller)[0]
  }
}

/** A version of the same, as sellers name them. */
const version = /^(.+?)[-@](?:latest|preview(?:-\d\d-\d\d(?:\d\d)?)?|\d{3,4}|\d{8}|\d{4}-\d\d-\d\d)$/

/** What one seller has. */
class Shelf {
  readonly #byName = new Map<string, Goods>()
  readonly #byBeginning: (readonly [beginning: string, goods: Goods])[] = []

  constructor({ models }: ListedSeller, source: string) {
    for (const model of models) {
      const goods = goodsOf(model, source)
      for (const name of model.names) if (!this.#byName.has(name)) this.#byName.set(name, goods)
      for (const beginning of model.dated ?? []) this.#byBeginning.push([beginning, goods])
    }
  }

  find(name: string): Goods | undefined {
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    const plainLength = (version.exec(name)?.[1] ?? name).length
    return this.#byBeginning.find(([beginning]) => plainLength <= beginning.length && name.startsWith(beginning))?.[1]
  }
}

interface Period {
  readonly from: number
  readonly read: Price
  readonly heard: Price
}

/** One model, at what it costs from when on. */
class Goods {
  /** The latest first. */
  readonly periods: readonly Period[]
  readonly #ever: Period

  constructor(periods: readonly Period[]) {
    this.periods = periods
    this.#ever = dearestPeriod(-Infinity, periods)
  }

  priceAt(epochMs: number | undefined, hears: boolean): Price | undefined {
    const period = epochMs === undefined ? this.#ever : this.at(epochMs)
    return hears ? period?.heard : period?.read
  }

  at(epochMs: number): Period | undefined {
    return this.periods.find(({ from }) => from <= epochMs)
  }
}

function goodsOf({ rates }: ListedModel, source: string): Goods {
  // At what hour a request will be counted, nobody knows beforehand.
  const hourly = rates.filter((rate) => rate.hourly)
  const periods = rates
    .filter((rate) => rate.hourly !== true)
    .map((rate) => ({
      from: rate.from === undefined ? -Infinity : Date.parse(rate.from),
      read: dearest([rate, ...hourly].map((at) => priceFrom(at, source, false))),
      heard: dearest([rate, ...hourly].map((at) => priceFrom(at, source, true))),
    }))
  return new Goods(periods.toReversed())
}

function anyOf(goods: readonly Goods[]): Goods | undefined {
  if (goods.length <= 1) return goods[0]
  const borders = new Set(goods.flatMap(({ periods }) => periods.map(({ from }) => from)))
  const latestFirst = [...borders].toSorted((one, other) => other - one)
  return new Goods(
    latestFirst.map((from) =>
      dearestPeriod(
        from,
        goods.flatMap((one) => one.at(from) ?? []),
      ),
    ),
  )
}

const dearestPeriod = (from: number, periods: readonly Period[]): Period => ({
  from,
  read: dearest(periods.map(({ read: price }) => price)),
  heard: dearest(periods.map(({ heard }) => heard)),
})

function priceFrom(listedRates: ListedRates, source: string, hears: boolean): Price {
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
function dearest(prices: readonly Price[]): Price {
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
