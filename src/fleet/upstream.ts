import type { Need } from '../core/ask.ts'
import type { Backend, Call, Gauge, Health, ListedModel } from '../core/backend.ts'
import { bySpelling } from '../core/names.ts'
import type { UpstreamSettings } from '../core/settings.ts'
import { Breaker } from './breaker.ts'
import { catalogueOf, type Catalogue, sameModels, type ServedModel } from './catalogue.ts'
import { Exile } from './exile.ts'
import { Limit, type Ending } from './limit.ts'
import { Memory } from './memory.ts'
import { Place, type Guest, type Seen, type Stay } from './place.ts'
import type { Residency } from './residency.ts'
import type { PrefixMemory } from './prefix-memory.ts'
import { PromptBlocks } from './prompt-blocks.ts'
import { PromptSlots } from './prompt-slots.ts'

export type { ServedModel } from './catalogue.ts'

/** How long a server is taken at its word that it has not got a model. */
const absentMs = 10_000

/** So long after it was configured, what a server has is not known before it says so; then it is taken for one that is off. */
const introductionMs = 60_000

/** One configured server and what has been learned of it. */
export class Upstream {
  readonly breaker: Breaker = new Breaker()
  /** Out, because it turned the gateway away. */
  readonly exile: Exile = new Exile()
  lastError: string | undefined
  version: string | undefined
  /** What it would like to have put right. */
  advice: readonly string[] = []
  /** What can be asked of it at all. */
  readonly can: ReadonlySet<Need>
  /** What is in it, and how it comes in and out. */
  readonly memory: Memory
  /** Called when its breaker opens and when a model may have come or gone, so that a probe can look at once. */
  onTrouble: () => void = () => {}
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
  #hasAnswered = false
  readonly #now: () => number
  readonly #since: number
  /** Where the only ask under way is, as long as there is only one. */
  #alone: Place | undefined
  readonly #places = new Map<string, Place>()
  #modelsMax: number | undefined
  #returns = 0

  constructor(settings: UpstreamSettings, call: Call, can: ReadonlySet<Need>, now: () => number) {
    this.can = can
    this.#now = now
    this.#since = now()
    this.#settings = settings
    this.#call = call
    this.#catalogue = catalogueOf(settings, [])
    this.memory = new Memory({
      settings: () => this.#settings,
      call: () => this.#call,
      models: () => this.models(),
      places: this.#places,
      now,
    })
    this.memory.onChange = () => this.onTrouble()
    this.#pin()
  }

  /** Whether it answered the last probe; undefined before the first. */
  get up(): boolean | undefined {
    return this.#up
  }

  set up(up: boolean | undefined) {
    if (up === true && this.#up === false) this.#returns += 1
    this.#up = up
    this.#hasAnswered ||= up === true
    if (up === false) this.#forgetPrompts()
  }

  /** It has never said which models it has, and was not given the time yet in which one that is there says so. */
  get isUnheard(): boolean {
    return !this.#hasAnswered && this.#now() - this.#since < introductionMs
  }

  /** How many times it was gone and came back. */
  get returns(): number {
    return this.#returns
  }

  /** Which models are in its memory, and which may come in. */
  get residency(): Residency {
    return this.memory.residency
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
  ready(model: ServedModel): Promise<void> | undefined {
    this.place(model.id)
    return this.memory.ready(model)
  }

  /** It said that it has not got a model that it should have. */
  misses(model: ServedModel, now: number): void {
    this.place(model.id).absentUntil = now + absentMs
    this.onTrouble()
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
    this.exile.begun(now)
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
    if (ending === 'served') this.exile.end()
    const [rested, placeRested] = [this.breaker.restsUntil !== undefined, place.breaker.restsUntil !== undefined]
    // What goes wrong with one model says nothing of the server, good or bad.
    this.breaker.ended(ending === 'failed' ? 'ignored' : ending, now, stay.isTrial)
    place.end(stay, ending, seen, now)
    if (place.inFlight === 0) {
      this.onIdle(place)
      this.memory.left(place)
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
    // Perhaps with another key.
    this.exile.end()
    this.#call = call
    this.#catalogue = catalogueOf(settings, this.#listed)
    this.memory.fits(this.#modelsMax)
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
    this.memory.fits(this.#modelsMax)
    for (const [place, { loaded }] of this.#placesOf(health.models)) {
      place.loaded = loaded
      place.absentUntil = 0
    }
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

  #pin(): void {
    const wanted = this.#settings.preload ?? []
    const models = wanted.map((name) => this.modelFor(name) ?? this.models().find(({ id }) => id === name))
    const pinned = [...new Set(models.flatMap((model) => (model === undefined ? [] : this.place(model.id))))]
    this.memory.pin(pinned)
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
