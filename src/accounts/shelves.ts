import type { Price } from '../core/money.ts'
import { anyOf, type Goods, goodsOf } from './goods.ts'
import { type ListedModel, type ListedSeller, readPriceList } from './price-list.ts'

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

/** All that is in the list, by who sells it. */
export class Shops {
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
const day = /\d{8}$|\d{4}-\d\d-\d\d$/

/** What one seller has. Of some thousand models a gateway asks for a few: only these are counted with. */
class Shelf {
  readonly #source: string
  readonly #byName = new Map<string, ListedModel>()
  readonly #byBeginning: (readonly [beginning: string, model: ListedModel])[] = []

  constructor({ models }: ListedSeller, source: string) {
    this.#source = source
    for (const model of models) {
      for (const name of model.names) if (!this.#byName.has(name)) this.#byName.set(name, model)
      for (const beginning of model.dated ?? []) this.#byBeginning.push([beginning, model])
    }
  }

  find(name: string): Goods | undefined {
    const model = this.#byName.get(name) ?? this.#version(name)
    return model && goodsOf(model, this.#source)
  }

  #version(name: string): ListedModel | undefined {
    const plainLength = (version.exec(name)?.[1] ?? name).length
    const isDated = day.test(name)
    return this.#byBeginning.find(([beginning]) => {
      // One that ends with a dash says that a day follows.
      const longest = /[-@]$/.test(beginning) ? beginning.length - 1 : beginning.length
      return plainLength <= longest && (isDated || longest === beginning.length) && name.startsWith(beginning)
    })?.[1]
  }
}
