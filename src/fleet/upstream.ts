import type { Need } from '../core/ask.ts'
import type { Backend, Call, Gauge, Health, ListedModel, Residents } from '../core/backend.ts'
import { bySpelling } from '../core/names.ts'
import type { UpstreamSettings } from '../core/settings.ts'
import { Breaker } from './breaker.ts'
import { catalogueOf, type Catalogue, type ServedModel } from './catalogue.ts'
import { Limit, type Ending } from './limit.ts'
import { Loading } from './loading.ts'
import { Place, type Guest, type Seen, type Stay } from './place.ts'
import type { PrefixMemory } from './prefix-memory.ts'
import { PromptBlocks } from './prompt-blocks.ts'
import { PromptSlots } from './prompt-slots.ts'

export type { ServedModel } from './catalogue.ts'

/** One configured server and what has been learned of it. */
export class Upstream {
  readonly breaker: Breaker = new Breaker()
  lastError: string | undefined
  version: string | undefined
  /** How busy it says it is. */
  gauge: Gauge | undefined
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
  #inFlight = 0
  #up: boolean | undefined
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

  /** Whether it answered the last probe; undefined before the first. */
  get up(): boolean | undefined {
    return this.#up
  }

  set up(up: boolean | undefined) {
    this.#up = up
    if (up === false) this.#forgetPrompts()
  }

  get settings(): UpstreamSettings {
    return this.#settings
  }

  /** Asks it something small, as probes do. */
  get call(): Call {
    return this.#call
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
      const made = new Place(
        this.#newLimit(),
        memoryFor(this.#settings.backend, () => made.limit.value),
      )
      place = made
      place.loaded = this.#listed.find((model) => model.id === modelId || model.aliases?.includes(modelId))?.loaded
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

  begin(place: Place, guest: Omit<Guest, 'isTrial' | 'alone'>, now: number): Stay {
    const { promptTokens, prefix, length, stream } = guest
    const isTrial = this.breaker.begun()
    this.#alone?.joined(now)
    const alone = this.#inFlight === 0
    this.#alone = alone ? place : undefined
    this.#inFlight += 1
    return place.begin({ promptTokens, prefix, length, stream, isTrial, alone }, now)
  }

  end(place: Place, stay: Stay, ending: Ending, seen: Seen, now: number): void {
    this.#inFlight -= 1
    const restedUntil = this.breaker.restsUntil
    this.breaker.ended(ending, now, stay.isTrial)
    place.end(stay, ending, seen, now)
    if (restedUntil !== undefined || this.breaker.restsUntil === undefined) return
    // It may have crashed, and started again before anybody looks.
    this.#forgetPrompts()
    this.onTrouble()
  }

  /** Goes by other settings for the same server from now on. What was learned of it stays, and so do its guests. */
  adopt(settings: UpstreamSettings, call: Call): void {
    const { concurrency } = this.#settings
    this.#settings = settings
    this.#call = call
    this.#catalogue = catalogueOf(settings, this.#listed)
    if (settings.concurrency === concurrency) return
    for (const place of this.#places.values()) place.limit = this.#newLimit()
  }

  /** Takes in what a probe saw; tells whether its models have changed. */
  learn(health: Health): boolean {
    this.version = health.version
    this.gauge = health.gauge
    this.advice = health.advice ?? []
    for (const { id, aliases, loaded } of health.models) {
      for (const name of [id, ...(aliases ?? [])]) {
        const place = this.#places.get(name)
        if (place !== undefined) place.loaded = loaded
      }
    }
    if (sameModels(this.#listed, health.models)) return false
    this.#listed = health.models
    this.#catalogue = catalogueOf(this.#settings, health.models)
    return true
  }

  #forgetPrompts(): void {
    for (const place of this.#places.values()) place.forgetPrompts()
  }

  #newLimit(): Limit {
    const { concurrency, backend } = this.#settings
    return new Limit(concurrency, backend.initialConcurrency)
  }
}

/** As many prompts are kept in slots as are answered at once, which is what the limit finds out. */
function memoryFor({ keepsPrompts }: Backend, slots: () => number): PrefixMemory | undefined {
  if (keepsPrompts === undefined) return undefined
  return keepsPrompts === 'slots' ? new PromptSlots(slots) : new PromptBlocks()
}

function sameModels(some: readonly ListedModel[], others: readonly ListedModel[]): boolean {
  return some.length === others.length && textOf(some) === textOf(others)
}

const textOf = (models: readonly ListedModel[]): string =>
  JSON.stringify(models, (_key, value: unknown) =>
    value instanceof Set ? [...(value as ReadonlySet<string>)].toSorted((one, other) => (one < other ? -1 : 1)) : value,
  )
