import type { Need } from '../core/ask.ts'
import type { Backend, Call, Gauge, Health, ListedModel, Residents, Setting } from '../core/backend.ts'
import { bySpelling } from '../core/names.ts'
import type { UpstreamSettings } from '../core/settings.ts'
import { Breaker } from './breaker.ts'
import { catalogueOf, type Catalogue, sameModels, type ServedModel } from './catalogue.ts'
import { Limit, type Ending } from './limit.ts'
import { troubleIn } from './load-trouble.ts'
import { Loading } from './loading.ts'
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
  /** Called when the first ask comes to a place, and when the last one has left it. */
  onBusy: (place: Place) => void = () => {}
  onIdle: (place: Place) => void = () => {}
  /** Called when a place that was out is in again. */
  onReturn: (place: Place) => void = () => {}
  /** It answers, and says that it is not ready yet. */
  isWarming = false
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
  #pinned: readonly Place[] = []

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
  ready({ id }: Pick<ServedModel, 'id'>): Promise<void> | undefined {
    const { backend } = this.#settings
    const place = this.place(id)
    const way = place.isHung ? 'revive' : place.loaded === false ? 'load' : undefined
    if (way === undefined || backend[way] === undefined) return undefined
    return this.#loading.bring(this.#settingOf(place), async (setting) => {
      const { tenant } = place
      try {
        this.residency.begin(tenant)
        await this.#letGo(this.residency.leaversByHand(tenant))
        const beganAt = this.#now()
        await backend[way]!(this.#call, setting, this.#othersOf(place))
        if (!place.isHung) this.#loadTook(place, this.#now() - beganAt)
        place.loaded = true
        place.loadWorked()
      } catch (error) {
        const trouble = troubleIn(error)
        if (trouble !== undefined) place.loadFailed(trouble, this.#now())
        throw error
      } finally {
        place.isHung = false
        this.#settle(tenant)
      }
    })
  }

  #loadTook(place: Place, ms: number): void {
    place.pace.loadTook(ms)
    for (const other of this.#places.values()) if (other !== place) other.pace.loadLikelyTakes(ms)
  }

  #settingOf({ tenant: { model } }: Place): Setting {
    return { model, contextTokens: this.#settings.context.get(model) }
  }

  /** Whether a model that says nothing is at work all the same; undefined where the server does not tell. */
  async isAtWork(place: Place): Promise<boolean | undefined> {
    if (place.loaded !== true) return undefined
    try {
      return await this.#settings.backend.isAtWork?.(this.#call, this.#settingOf(place))
    } catch {
      return undefined
    }
  }

  /** Begins to get a model going again that has stopped, now that nobody waits for it. False where there is no way to. */
  revive(place: Place): boolean {
    if (this.#settings.backend.revive === undefined || place.loaded === undefined) return false
    place.isHung = true
    place.loaded = false
    this.ready({ id: place.tenant.model })?.catch(() => {})
    return true
  }

  /** A model is on its way into its memory. */
  get isLoading(): boolean {
    return this.#loading.isBusy || this.residency.coming !== undefined
  }

  /** Begins to load a model that nobody waits for here. Undefined when there is nothing to do, or no way to do it. */
  bring(model: ServedModel): Promise<void> | undefined {
    return this.#loading.isUnderWay(model.id) ? undefined : this.ready(model)
  }

  /** What the configuration wants in memory and is not there, in its order. */
  missing(): readonly ServedModel[] {
    const missing = this.#pinned.filter(({ loaded }) => loaded === false)
    return missing.flatMap((place) => this.models().find(({ id }) => this.#places.get(id) === place) ?? [])
  }

  /** Its first token has come, and so it is there, where asking for it is what loads it. */
  spoke(place: Place): void {
    if (place.loaded !== false || this.#settings.backend.load !== undefined) return
    place.loaded = true
    this.#settle(place.tenant)
  }

  async #letGo(leavers: readonly Tenant[]): Promise<void> {
    for (const { model } of leavers) await this.#settings.backend.unload?.(this.#call, model)
  }

  #settle(tenant: Tenant): void {
    if (this.residency.coming !== tenant) return
    this.residency.settle(tenant)
    // Whether others had to go for it, only a look can tell.
    this.onTrouble()
    this.onLoaded()
  }

  #othersOf(place: Place): Residents {
    const overdueMs = place.pace.loadOverdueMs
    return { isIdle: this.#isIdle, left: this.#left, overdueMs }
  }

  readonly #isIdle = (model: string): boolean => {
    const place = this.#places.get(model)
    return place === undefined || (place.inFlight === 0 && !place.tenant.isPinned)
  }

  readonly #left = (model: string): void => {
    const place = this.#places.get(model)
    if (place !== undefined) place.loaded = false
  }

  /** Not known to be down, and not resting after failures. */
  allows(now: number): boolean {
    return this.up !== false && this.breaker.allows(now)
  }

  /** For want of any other: whatever is known of it, unless somebody is finding out. */
  bears(place: Place, now: number): boolean {
    return !this.breaker.isTrying && place.bears(now)
  }

  /** It was gone, and it is back: whatever went wrong was before. */
  returned(): void {
    this.breaker.close()
    for (const place of this.#places.values()) {
      place.returned()
      this.onReturn(place)
    }
  }

  state(now: number): UpstreamState {
    if (this.up === undefined) return 'unknown'
    if (!this.up) return this.isWarming ? 'warming' : 'down'
    const answers = this.breaker.state(now)
    return answers === 'closed' ? 'up' : answers === 'open' ? 'resting' : 'trying'
  }

  begin(place: Place, guest: Omit<Guest, 'isTrial' | 'alone'>, now: number): Stay {
    const { promptTokens, prefix, length, stream } = guest
    const isTrial = this.breaker.begun()
    this.#alone?.joined(now)
    const alone = this.#inFlight === 0
    this.#alone = alone ? place : undefined
    this.#inFlight += 1
    this.residency.begin(place.tenant)
    if (place.inFlight === 0) this.onBusy(place)
    return place.begin({ promptTokens, prefix, length, stream, isTrial, alone }, now)
  }

  end(place: Place, stay: Stay, ending: Ending, seen: Seen, now: number): void {
    this.#inFlight -= 1
    const [rested, placeRested] = [this.breaker.restsUntil !== undefined, place.breaker.restsUntil !== undefined]
    // What goes wrong with one model says nothing of the server, good or bad.
    this.breaker.ended(ending === 'failed' ? 'ignored' : ending, now, stay.isTrial)
    place.end(stay, ending, seen, now)
    if (place.inFlight === 0) {
      this.onIdle(place)
      // It left before the load began, or the load was its own.
      if (!this.#loading.isBusy) this.#settle(place.tenant)
    }
    const rests = this.breaker.restsUntil !== undefined
    if (rests && !rested) {
      // It may have crashed, and started again before anybody looks.
      this.#forgetPrompts()
      this.onTrouble()
    } else if (rested && !rests) {
      for (const one of this.#places.values()) this.onReturn(one)
    } else if (placeRested && place.breaker.restsUntil === undefined) this.onReturn(place)
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
    if (pinned.length === this.#pinned.length && pinned.every((place) => this.#pinned.includes(place))) return
    for (const place of this.#pinned) place.tenant.isPinned = false
    for (const place of pinned) place.tenant.isPinned = true
    this.#pinned = pinned
    this.residency.expectTogether(pinned.map(({ tenant }) => tenant))
  }

  #forgetPrompts(): void {
    for (const place of this.#places.values()) place.forgetPrompts()
  }

  #newLimit(): Limit {
    const { concurrency, backend } = this.#settings
    return new Limit(concurrency, backend.initialConcurrency)
  }
}

/** What a server may be seen to be; 'warming' answers and is not ready yet, 'resting' has failed too often in a row. */
export type UpstreamState = 'unknown' | 'up' | 'warming' | 'resting' | 'trying' | 'down'

/** How many asks were in each place. */
export type Held = ReadonlyMap<Place, number>

/** As many prompts are kept in slots as are answered at once, which is what the limit finds out. */
function memoryFor({ keepsPrompts }: Backend, slots: () => number): PrefixMemory | undefined {
  if (keepsPrompts === undefined) return undefined
  return keepsPrompts === 'slots' ? new PromptSlots(slots) : new PromptBlocks()
}
