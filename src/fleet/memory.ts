import type { Call, Residents, Setting } from '../core/backend.ts'
import type { UpstreamSettings } from '../core/settings.ts'
import type { ServedModel } from './catalogue.ts'
import { troubleIn } from './load-trouble.ts'
import { Loading } from './loading.ts'
import { Pins, type Unsettled } from './pins.ts'
import type { Place } from './place.ts'
import { type MemoryTraits, Residency } from './residency.ts'
import type { Tenant } from './tenant.ts'

/** What it needs to know of the server whose memory it is. */
export interface MemoryParts {
  /** Both are others after a reload. */
  readonly settings: () => UpstreamSettings
  readonly call: () => Call
  readonly models: () => readonly ServedModel[]
  /** By the models' ids. */
  readonly places: ReadonlyMap<string, Place>
  readonly now: () => number
}

/** The memory of one server: brings models into it and out of it, and gets those going again that have stopped. */
export class Memory {
  /** Who is in, and who may come in. */
  readonly residency: Residency
  /** Called when models may have come or gone, which only a look can tell. */
  onChange: () => void = () => {}
  /** Called when a load is over: what waited for its end may go on. */
  onLoaded: () => void = () => {}
  readonly #parts: MemoryParts
  readonly #loading = new Loading()
  readonly #pins = new Pins()

  constructor(parts: MemoryParts, modelsMax?: number) {
    this.#parts = parts
    this.residency = new Residency(this.#traits(modelsMax), parts.now)
  }

  /** Takes in how many models fit, where the server tells. */
  fits(modelsMax: number | undefined): void {
    this.residency.traits = this.#traits(modelsMax)
  }

  /** A model is on its way in. */
  get isLoading(): boolean {
    return this.#loading.isBusy || this.residency.coming !== undefined
  }

  /** What has to be waited for before the model can answer; undefined when it is there, or comes by being asked. */
  ready({ id }: Pick<ServedModel, 'id'>): Promise<void> | undefined {
    const { backend } = this.#parts.settings()
    const place = this.#parts.places.get(id)
    const way = place?.isHung === true ? 'revive' : place?.loaded === false ? 'load' : undefined
    if (place === undefined || way === undefined || backend[way] === undefined) return undefined
    return this.#loading.bring(this.#settingOf(place), (setting) => this.#bring(place, way, setting))
  }

  async #bring(place: Place, way: 'load' | 'revive', setting: Setting): Promise<void> {
    const { tenant } = place
    const { now, call, settings } = this.#parts
    try {
      this.residency.begin(tenant)
      await this.#clear(this.residency.leaversByHand(tenant))
      const beganAt = now()
      await settings().backend[way]!(call(), setting, this.#others(place.pace.loadOverdueMs))
      if (way === 'load') this.#loadTook(place, now() - beganAt)
      place.loaded = true
      place.loadWorked()
      this.#pins.cameBack(place)
    } catch (error) {
      const trouble = troubleIn(error)
      if (trouble !== undefined) place.loadFailed(trouble, now())
      throw error
    } finally {
      place.isHung = false
      this.settle(tenant)
    }
  }

  #loadTook(place: Place, ms: number): void {
    place.pace.loadTook(ms)
    for (const other of this.#parts.places.values()) if (other !== place) other.pace.loadLikelyTakes(ms)
  }

  #settingOf({ tenant: { model, isPinned } }: Place): Setting {
    const contextTokens = this.#parts.models().find(({ id }) => id === model)?.setTokens
    return { model, contextTokens, stays: isPinned || undefined }
  }

  /** Begins to load a model that nobody waits for here. Undefined when there is nothing to do, or no way to do it. */
  bring(model: ServedModel): Promise<void> | undefined {
    return this.#loading.isUnderWay(model.id) ? undefined : this.ready(model)
  }

  /** Tells the server whether a model that is in its memory is to stay there. */
  keep({ model: { id, setTokens }, stays }: Unsettled): Promise<void> | undefined {
    const { settings, call } = this.#parts
    const { backend } = settings()
    if (backend.load === undefined || this.#loading.isUnderWay(id)) return undefined
    const setting = { model: id, contextTokens: setTokens, stays }
    return this.#loading.bring(setting, () => backend.load!(call(), setting, this.#others(Infinity)))
  }

  /** Lets go of a model, which does not come back before somebody asks for it. */
  async letGo(place: Place): Promise<void> {
    const { settings, call } = this.#parts
    this.#pins.sendAway(place)
    await settings().backend.unload?.(call(), place.tenant.model)
    place.loaded = false
  }

  /** Whether a model that says nothing is at work all the same; undefined where the server does not tell. */
  async isAtWork(place: Place): Promise<boolean | undefined> {
    if (place.loaded !== true) return undefined
    try {
      return await this.#parts.settings().backend.isAtWork?.(this.#parts.call(), this.#settingOf(place))
    } catch {
      return undefined
    }
  }

  /** Begins to get a model going again that has stopped, now that nobody waits for it. False where there is no way to. */
  revive(place: Place): boolean {
    if (this.#parts.settings().backend.revive === undefined || place.loaded === undefined) return false
    place.isHung = true
    place.loaded = false
    this.ready({ id: place.tenant.model })?.catch(() => {})
    return true
  }

  /** What the configuration wants there stays, and is taken at its word that it fits. */
  pin(places: readonly Place[]): void {
    if (this.#pins.set(places)) this.residency.expectTogether(places.map(({ tenant }) => tenant))
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
    const { models, places } = this.#parts
    return new Map(
      models().flatMap((model) => {
        const place = places.get(model.id)
        return place === undefined ? [] : [[place, model]]
      }),
    )
  }

  /** A first token of it has come, and so it is there, where asking for it is what loads it. */
  spoke(place: Place): void {
    if (place.loaded !== false || this.#parts.settings().backend.load !== undefined) return
    place.loaded = true
    this.settle(place.tenant)
  }

  /** The last who asked for it has left: before the load began, or the load was its own. */
  left({ tenant }: Place): void {
    if (!this.#loading.isBusy) this.settle(tenant)
  }

  settle(tenant: Tenant): void {
    if (this.residency.coming !== tenant) return
    this.residency.settle(tenant)
    this.onChange()
    this.onLoaded()
  }

  async #clear(leavers: readonly Tenant[]): Promise<void> {
    const { settings, call } = this.#parts
    for (const { model } of leavers) await settings().backend.unload?.(call(), model)
  }

  #others(overdueMs: number): Residents {
    return { isIdle: this.#isIdle, left: this.#left, overdueMs }
  }

  readonly #isIdle = (model: string): boolean => {
    const place = this.#parts.places.get(model)
    return place === undefined || (place.inFlight === 0 && !place.tenant.isPinned)
  }

  readonly #left = (model: string): void => {
    const place = this.#parts.places.get(model)
    if (place !== undefined) place.loaded = false
  }

  #traits(toldMax: number | undefined): MemoryTraits {
    const { backend, modelsMax } = this.#parts.settings()
    return {
      unloads: backend.unload !== undefined,
      swaps: backend.swaps !== false,
      modelsMax: modelsMax ?? toldMax,
    }
  }
}
