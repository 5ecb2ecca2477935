import type { Need } from '../core/ask.ts'
import type { Backend, Call, Gauge, Health, ListedModel, Residents } from '../core/backend.ts'
import { bySpelling } from '../core/names.ts'
import type { UpstreamSettings } from '../core/settings.ts'
import { Breaker } from './breaker.ts'
import { catalogueOf, type Catalogue, type ServedModel } from './catalogue.ts'
import { Limit, type Ending } from './limit.ts'
import { Loading } from './loading.ts'
import { Pins, type Unsettled } from './pins.ts'
import { Place, type Guest, type Seen, type Stay } from './place.ts'
import { type MemoryTraits, Residency } from './residency.ts'
import type { Tenant } from './tenant.ts'
import type { PrefixMemory } from './prefix-memory.ts'
import { PromptBlocks } from './prompt-blocks.ts'
import { PromptSlots } from './prompt-slots.ts'

export type { ServedModel } from './catalogue.ts'

/** One configured server and what has been learned of it. */
export class Upstream {
  readonly breaker: Breaker = new Breaker()
  lastError: string | undefined
  version: string | undefined
  /** What it would like to have put right. */
  advice: readonly string[] = []
  /** What can be asked of it at all. */
  readonly can: ReadonlySet<Need>
  /** Which models are in its memory, and which may come in. */
  readonly residency: Residency
  /** Called when its breaker opens and when a model may have come or gone, so that a probe can look at once. */
  onTrouble: () => void = () => {}
  /** Called when a load is over: what waited for its end may go on. */
  onLoaded: () => void = () => {}
  #settings: UpstreamSettings
  #call: Call
  #listed: readonly ListedModel[] = []
  #catalogue: Catalogue
  #gauge: Gauge | undefined
  #inFlight = 0
  #up: boolean | undefined
  /** Where the only ask under way is, as long as there is only one. */
  #alone: Place | undefined
  readonly #places = new Map<string, Place>()
  readonly #loading = new Loading()
  readonly #now: () => number
  #modelsMax: number | undefined
  readonly #pins = new Pins()
  #returns = 0

  constructor(settings: UpstreamSettings, call: Call, can: ReadonlySet<Need>, now: () => number) {
    this.can = can
    this.#settings = settings
    this.#call = call
    this.#now = now
    this.#catalogue = catalogueOf(settings, [])
    this.residency = new Residency(this.#traits, now)
    this.#pin()
  }

  /** Whether it answered the last probe; undefined before the first. */
  get up(): boolean | undefined {
    return this.#up
  }

  set up(up: boolean | undefined) {
    if (up === true && this.#up === false) this.#returns += 1
    this.#up = up
    if (up === false) this.#forgetPrompts()
  }

  /** How many times it was gone and came back. */
  get returns(): number {
    return this.#returns
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
      const made = new Place(
        this.#newLimit(),
        memoryFor(this.#settings.backend, () => made.limit.capacity),
      )
      place = made
      this.residency.admit(place.tenant, modelId)
      const listed = this.#listed.find((model) => model.id === modelId || model.aliases?.includes(modelId))
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
  ready({ id, setTokens }: ServedModel): Promise<void> | undefined {
    const { backend } = this.#settings
    const place = this.place(id)
    if (place.loaded !== false || backend.load === undefined) return undefined
    const { tenant } = place
    const stays = tenant.isPinned || undefined
    return this.#loading.bring({ model: id, contextTokens: setTokens, stays }, async (setting) => {
      try {
        this.residency.begin(tenant)
        await this.#clear(this.residency.leaversByHand(tenant))
        const beganAt = this.#now()
        await backend.load!(this.#call, setting, this.#residents)
        const tookMs = this.#now() - beganAt
        place.pace.loadTook(tookMs)
        for (const other of this.#places.values()) if (other !== place) other.pace.loadLikelyTakes(tookMs)
        place.loaded = true
        this.#pins.cameBack(place)
      } finally {
        this.#settle(tenant)
      }
    })
  }

  /** Begins to load a model that nobody waits for here. Undefined when there is nothing to do, or no way to do it. */
  bring(model: ServedModel): Promise<void> | undefined {
    return this.#loading.isUnderWay(model.id) ? undefined : this.ready(model)
  }

  /** Tells the server whether a model that is in its memory is to stay there. */
  keep({ model: { id, setTokens }, stays }: Unsettled): Promise<void> | undefined {
    const { backend } = this.#settings
    if (backend.load === undefined || this.#loading.isUnderWay(id)) return undefined
    const setting = { model: id, contextTokens: setTokens, stays }
    return this.#loading.bring(setting, () => backend.load!(this.#call, setting, this.#residents))
  }

  /** Lets go of a model, which does not come back before somebody asks for it. */
  async letGo({ id }: ServedModel): Promise<void> {
    const place = this.place(id)
    this.#pins.sendAway(place)
    await this.#settings.backend.unload?.(this.#call, id)
    place.loaded = false
  }

  /** Why the last load of it failed; undefined when it did not. */
  loadFault({ id }: ServedModel): string | undefined {
    return this.#loading.faultOf(id)
  }

  /** What the configuration wants in memory and is not there, in its order. */
  missing(): readonly ServedModel[] {
    return this.#pins.missing(this.#modelsByPlace())
  }

  /** What is in memory and does not know whether to stay. */
  unsettled(): readonly Unsettled[] {
    return this.#pins.unsettled(this.#modelsByPlace())
  }

  #modelsByPlace(): ReadonlyMap<Place, ServedModel> {
    return new Map(
      this.models().flatMap((model) => {
        const place = this.#places.get(model.id)
        return place === undefined ? [] : [[place, model]]
      }),
    )
  }

  /** Its first token has come, and so it is there, where asking for it is what loads it. */
  spoke(place: Place): void {
    if (place.loaded !== false || this.#settings.backend.load !== undefined) return
    place.loaded = true
    this.#settle(place.tenant)
  }

  async #clear(leavers: readonly Tenant[]): Promise<void> {
    for (const { model } of leavers) await this.#settings.backend.unload?.(this.#call, model)
  }

  #settle(tenant: Tenant): void {
    if (this.residency.coming !== tenant) return
    this.residency.settle(tenant)
    // Whether others had to go for it, only a look can tell.
    this.onTrouble()
    this.onLoaded()
  }

  readonly #residents: Residents = {
    isIdle: (model) => {
      const place = this.#places.get(model)
      return place === undefined || (place.inFlight === 0 && !place.tenant.isPinned)
    },
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
    this.residency.begin(place.tenant)
    return place.begin({ promptTokens, prefix, length, stream, isTrial, alone }, now)
  }

  end(place: Place, stay: Stay, ending: Ending, seen: Seen, now: number): void {
    this.#inFlight -= 1
    const restedUntil = this.breaker.restsUntil
    this.breaker.ended(ending, now, stay.isTrial)
    place.end(stay, ending, seen, now)
    // It left before the load began, or the load was its own.
    if (place.inFlight === 0 && !this.#loading.isBusy) this.#settle(place.tenant)
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
    this.residency.traits = this.#traits
    this.#pin()
    if (settings.concurrency === concurrency) return
    for (const place of this.#places.values()) place.limit = this.#newLimit()
    this.#fit(this.#listed)
  }

  /** Takes in what a probe saw; tells whether its models have changed. */
  learn(health: Health): boolean {
    this.version = health.version
    this.advice = health.advice ?? []
    this.#modelsMax = health.modelsMax
    this.residency.traits = this.#traits
    for (const [place, { loaded }] of this.#placesOf(health.models)) place.loaded = loaded
    this.#fit(health.models)
    this.residency.looked()
    if (sameModels(this.#listed, health.models)) return false
    this.#listed = health.models
    this.#catalogue = catalogueOf(this.#settings, health.models)
    this.#pin()
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

  get #traits(): MemoryTraits {
    const { backend, modelsMax } = this.#settings
    return {
      unloads: backend.unload !== undefined,
      swaps: backend.swaps !== false,
      modelsMax: modelsMax ?? this.#modelsMax,
    }
  }

  /** What the configuration wants in memory stays there, and is taken at its word that it fits. */
  #pin(): void {
    const wanted = this.#settings.preload ?? []
    const models = wanted.map((name) => this.modelFor(name) ?? this.models().find(({ id }) => id === name))
    const pinned = [...new Set(models.flatMap((model) => (model === undefined ? [] : this.place(model.id))))]
    if (this.#pins.set(pinned)) this.residency.expectTogether(pinned.map(({ tenant }) => tenant))
  }

  #forgetPrompts(): void {
    for (const place of this.#places.values()) place.forgetPrompts()
  }

  #newLimit(): Limit {
    const { concurrency, backend } = this.#settings
    return new Limit(concurrency, backend.initialConcurrency)
  }
}

/** How many asks were in each place. */
export type Held = ReadonlyMap<Place, number>

/** As many prompts are kept in slots as are answered at once, which is what the limit finds out. */
function memoryFor({ keepsPrompts }: Backend, slots: () => number): PrefixMemory | undefined {
  if (keepsPrompts === undefined) return undefined
  return keepsPrompts === 'slots' ? new PromptSlots(slots) : new PromptBlocks()
}

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
