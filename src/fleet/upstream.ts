import type { Need } from '../core/ask.ts'
import type { Call, Gauge, Health, ListedModel, Residents } from '../core/backend.ts'
import { bySpelling } from '../core/names.ts'
import type { UpstreamSettings } from '../core/settings.ts'
import { Breaker } from './breaker.ts'
import { catalogueOf, type Catalogue, type ServedModel } from './catalogue.ts'
import { Limit, type Ending } from './limit.ts'
import { Loading } from './loading.ts'
import { Place, type Guest, type Seen, type Stay } from './place.ts'

export type { ServedModel } from './catalogue.ts'

/** One configured server and what has been learned of it. */
export class Upstream {
  readonly breaker: Breaker = new Breaker()
  /** Whether it answered the last probe; undefined before the first. */
  up: boolean | undefined
  lastError: string | undefined
  version: string | undefined
  /** What it would like to have put right. */
  advice: readonly string[] = []
  /** What can be asked of it at all. */
  readonly can: ReadonlySet<Need>
  /** Called when its breaker opens, so that a probe can look at once. */
  onTrouble: () => void = () => {}
  #settings: UpstreamSettings
  #call: Call
  #listed: readonly ListedModel[] = []
  #catalogue: Catalogue
  #gauge: Gauge | undefined
  #inFlight = 0
  /** Where the only ask under way is, as long as there is only one. */
  #alone: Place | undefined
  readonly #places = new Map<string, Place>()
  readonly #loading = new Loading()

  constructor(settings: UpstreamSettings, call: Call, can: ReadonlySet<Need>) {
    this.can = can
    this.#settings = settings
    this.#call = call
    this.#catalogue = catalogueOf(settings, [])
  }

  get settings(): UpstreamSettings {
    return this.#settings
  }

  /** Asks it something small, as probes do. */
  get call(): Call {
    return this.#call
  }

  /** How busy it says it is. */
  get gauge(): Gauge | undefined {
    return this.#gauge
  }

  /** It has said how busy it is, and can be asked for that alone. */
  get tellsGauge(): boolean {
    return this.#gauge !== undefined && this.#settings.backend.gauge !== undefined
  }

  /** How busy it is makes a difference now. */
  get wantsGauge(): boolean {
    return this.#inFlight > 0 && this.#settings.concurrency === 'auto'
  }

  /** Asks under way, with all its models. */
  get inFlight(): number {
    return this.#inFlight
  }

  get catalogue(): Catalogue {
    return this.#catalogue
  }

  models(): readonly ServedModel[] {
    return this.#catalogue.models
  }

  /** By any spelling. */
  modelFor(name: string): ServedModel | undefined {
    return bySpelling(this.#catalogue.spellings, name)
  }

  /** Takes an id of its own, not a caller's name: two names for one model share its places. */
  place(modelId: string): Place {
    let place = this.#places.get(modelId)
    if (place === undefined) {
      const listed = this.#listed.find((model) => model.id === modelId || model.aliases?.includes(modelId))
      place = new Place(this.#newLimit())
      place.loaded = listed?.loaded
      if (listed?.slots !== undefined) place.limit.fit(listed.slots)
      this.#places.set(modelId, place)
    }
    return place
  }

  /** By the models' ids. */
  places(): ReadonlyMap<string, Place> {
    return this.#places
  }

  /** What has to be waited for before the model can answer; undefined when it is there, or comes by being asked. */
  ready({ id }: ServedModel): Promise<void> | undefined {
    const { backend, context } = this.#settings
    const place = this.place(id)
    if (place.loaded !== false || backend.load === undefined) return undefined
    return this.#loading.bring({ model: id, contextTokens: context.get(id) }, async (setting) => {
      await backend.load!(this.#call, setting, this.#residents)
      place.loaded = true
    })
  }

  readonly #residents: Residents = {
    isIdle: (model) => (this.#places.get(model)?.inFlight ?? 0) === 0,
    left: (model) => {
      const place = this.#places.get(model)
      if (place !== undefined) place.loaded = false
    },
  }

  /** Not known to be down, and not resting after failures. */
  allows(now: number): boolean {
    return this.up !== false && this.breaker.allows(now)
  }

  begin(place: Place, guest: Pick<Guest, 'promptTokens' | 'outputTokens' | 'stream'>, now: number): Stay {
    const { promptTokens, outputTokens, stream } = guest
    const isTrial = this.breaker.begun()
    this.#alone?.joined(now)
    const alone = this.#inFlight === 0
    this.#alone = alone ? place : undefined
    this.#inFlight += 1
    return place.begin({ promptTokens, outputTokens, stream, isTrial, alone }, now)
  }

  end(place: Place, stay: Stay, ending: Ending, seen: Seen, now: number): void {
    this.#inFlight -= 1
    const restedUntil = this.breaker.restsUntil
    this.breaker.ended(ending, now, stay.isTrial)
    place.end(stay, ending, seen, now)
    if (restedUntil === undefined && this.breaker.restsUntil !== undefined) this.onTrouble()
  }

  /** Goes by other settings for the same server from now on. What was learned of it stays, and so do its guests. */
  adopt(settings: UpstreamSettings, call: Call): void {
    const { concurrency } = this.#settings
    this.#settings = settings
    this.#call = call
    this.#catalogue = catalogueOf(settings, this.#listed)
    if (settings.concurrency === concurrency) return
    for (const place of this.#places.values()) place.limit = this.#newLimit()
    this.#fit(this.#listed)
  }

  /** Takes in what a probe saw; tells whether its models have changed. */
  learn(health: Health): boolean {
    this.version = health.version
    this.advice = health.advice ?? []
    for (const [place, { loaded }] of this.#placesOf(health.models)) place.loaded = loaded
    this.#fit(health.models)
    if (sameModels(this.#listed, health.models)) return false
    this.#listed = health.models
    this.#catalogue = catalogueOf(this.#settings, health.models)
    return true
  }

  /** What is there of ours, to be kept while the server is asked how busy it is. */
  held(): Held {
    return new Map(Array.from(this.#places.values(), (place) => [place, place.inFlight]))
  }

  /**
   * Takes in how busy the server said it was, and with which of its models if it tells that apart. `held` is what was
   * there of ours when it was asked. Tells whether there is room now where there was none.
   */
  told({ gauge, models = [] }: Partial<Health>, held: Held, now: number): boolean {
    this.#gauge = gauge
    const own = new Map<Place, Gauge>()
    for (const [place, model] of this.#placesOf(models)) if (model.gauge !== undefined) own.set(place, model.gauge)
    let freed = false
    for (const place of this.#places.values()) {
      const { limit, inFlight } = place
      const wasFull = inFlight >= limit.value
      // What came or went meanwhile may be in the numbers or not: it is not taken for somebody else's.
      const ours = Math.max(held.get(place) ?? 0, inFlight)
      const told = own.size > 0 ? own.get(place) : gauge
      limit.told(told && { ...told, ours, now })
      freed ||= wasFull && inFlight < limit.value
    }
    return freed
  }

  *#placesOf(models: readonly ListedModel[]): Generator<readonly [Place, ListedModel]> {
    for (const model of models) {
      for (const name of [model.id, ...(model.aliases ?? [])]) {
        const place = this.#places.get(name)
        if (place !== undefined) yield [place, model]
      }
    }
  }

  #fit(models: readonly ListedModel[]): void {
    for (const [{ limit }, { slots }] of this.#placesOf(models)) if (slots !== undefined) limit.fit(slots)
  }

  #newLimit(): Limit {
    const { concurrency, backend } = this.#settings
    return new Limit(concurrency, backend.initialConcurrency)
  }
}

/** How many asks were in each place. */
export type Held = ReadonlyMap<Place, number>

function sameModels(some: readonly ListedModel[], others: readonly ListedModel[]): boolean {
  return some.length === others.length && textOf(some) === textOf(others)
}

/** How busy they are does not make other models of them. */
const textOf = (models: readonly ListedModel[]): string =>
  JSON.stringify(
    models.map((model) => ({ ...model, gauge: undefined })),
    (_key, value: unknown) =>
      value instanceof Set
        ? [...(value as ReadonlySet<string>)].toSorted((one, other) => (one < other ? -1 : 1))
        : value,
  )
