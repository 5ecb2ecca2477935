import type { Price } from '../core/money.ts'
import { dearest, priceFrom } from './listed-rates.ts'
import type { ListedModel } from './price-list.ts'

interface Period {
  readonly from: number
  readonly read: Price
  readonly heard: Price
}

/** One model, at what it costs from when on. */
export class Goods {
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

export function goodsOf({ rates }: ListedModel, source: string): Goods {
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

export function anyOf(goods: readonly Goods[]): Goods | undefined {
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
