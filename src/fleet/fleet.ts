import type { Need } from '../core/ask.ts'
import type { Backend, Call } from '../core/backend.ts'
import type { Emit } from '../core/event.ts'
import type { Json } from '../core/json.ts'
import { bySpelling, isPattern } from '../core/names.ts'
import type { UpstreamSettings } from '../core/settings.ts'
import type { World } from '../core/world.ts'
import { callTo } from './call.ts'
import { offeringsOf, type Offering } from './offering.ts'
import { obey, type Order, type OrderDone } from './orders.ts'
import { Preloading } from './preloading.ts'
import { Prober, probeMaxMs } from './prober.ts'
import { bestOf, type ModelReadiness, type ModelState, readinessAt, readinessOf } from './readiness.ts'
import { SlowStart } from './slow-start.ts'
import { Stalls } from './stalls.ts'
import { Upstream, type UpstreamState } from './upstream.ts'

/** A model as the whole fleet offers it. */
export interface FleetModel {
  readonly name: string
  /** What every upstream that serves it can hold, as far as is known. */
  readonly contextTokens: number | undefined
  readonly loaded: boolean | undefined
  readonly about: Json | undefined
  /** What it can do wherever it is served; undefined where nobody tells. */
  readonly can: ReadonlySet<Need> | undefined
  /** Names of the upstreams that serve it now. */
  readonly upstreams: readonly string[]
}

export interface FleetSettings {
  readonly upstreams: readonly UpstreamSettings[]
  readonly probeEveryMs: number
}

export interface FleetParts extends FleetSettings {
  readonly world: World
  readonly emit: Emit
  /** What can be asked of a server of this kind, by the dialects it speaks. */
  readonly canOf: (backend: Backend) => ReadonlySet<Need>
}

const none: readonly Upstream[] = []

/** How long other settings wait for servers that are new: one that does not answer must not keep the rest of them from being in force. */
const newcomerMs = 700

/** All configured servers, and who of them serves what. */
export class Fleet {
  /** Whether the first round of probes is over. */
  probed = false
  readonly #world: World
  readonly #emit: Emit
  readonly #canOf: FleetParts['canOf']
  readonly #listeners = new Set<() => void>()
  readonly #preloading: Preloading
  readonly #stalls: Stalls
  readonly #slowStart: SlowStart
  #upstreams: readonly Upstream[]
  #prober: Prober
  #offerings: ReadonlyMap<string, Offering>
  #stopped = false

  constructor({ upstreams, world, emit, probeEveryMs, canOf }: FleetParts) {
    this.#world = world
    this.#emit = emit
    this.#canOf = canOf
    this.#preloading = new Preloading(world, emit)
    this.#stalls = new Stalls(world, emit)
    this.#slowStart = new SlowStart(world, () => this.#onChange(false))
    this.#upstreams = upstreams.map((settings) => this.#newUpstream(settings))
    this.#offerings = offeringsOf(this.#upstreams)
    this.#prober = this.#proberOf(this.#upstreams, probeEveryMs)
  }

  get upstreams(): readonly Upstream[] {
    return this.#upstreams
  }

  get anyUp(): boolean {
    return this.#upstreams.some(({ up }) => up === true)
  }

  /** What is offered under a name, however it is spelled; undefined when nothing is. */
  offering(name: string): Offering | undefined {
    return bySpelling(this.#offerings, name)
  }

  /** Who serves a model, up or down. */
  serving(model: string): readonly Upstream[] {
    return this.offering(model)?.upstreams ?? none
  }

  /** What can be served now, sorted by name. */
  models(): readonly FleetModel[] {
    const found = new Map<string, FleetModel>()
    for (const upstream of this.#upstreams) {
      if (upstream.up === false) continue
      for (const { name, id, contextTokens, about, can } of upstream.models()) {
        // Nobody can ask for a pattern by its own name.
        if (isPattern(name)) continue
        const other = found.get(name)
        // A place hears of loads before the next probe does.
        const { loaded } = upstream.place(id)
        found.set(name, {
          name,
          contextTokens: least(other?.contextTokens, contextTokens),
          loaded: other?.loaded === true ? true : (loaded ?? other?.loaded),
          about: other?.about ?? about,
          can: other?.can ?? can,
          upstreams: [...(other?.upstreams ?? []), upstream.settings.name],
        })
      }
    }
    return [...found.values()].sort((one, other) => (one.name < other.name ? -1 : 1))
  }

  /** What can be said of every model, whoever serves it, up or down. */
  readiness(): readonly ModelReadiness[] {
    return readinessOf(this.#upstreams, this.#world.now())
  }

  /** Whether a model, by any spelling, can be served now; undefined where nobody has it. */
  stateOf(model: string): ModelState | undefined {
    const now = this.#world.now()
    const offers = this.offering(model)?.offers
    return offers && bestOf(offers.map(({ upstream, model: served }) => readinessAt(upstream, served, now)))
  }

  upstreamState(upstream: Upstream): UpstreamState {
    return upstream.state(this.#world.now())
  }

  /** Does with a model what the operator says. */
  obey(order: Order): Promise<readonly OrderDone[]> {
    return obey(order, { world: this.#world, offering: (name) => this.offering(name) })
  }

  /** Calls back whenever an upstream came, went or changed its models. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves after the first round of probes and keeps probing until `stop`. */
  async start(): Promise<void> {
    this.#stopped = false
    this.#stalls.start()
    await this.#prober.start()
    this.probed = true
  }

  stop(): void {
    this.#stopped = true
    this.#prober.stop()
    this.#slowStart.stop()
    this.#stalls.stop()
  }

  /**
   * Makes ready for other settings, and gives back what puts them into force in one step. Servers that are new are looked
   * at before, so that no model is called unknown that is merely unheard of; those that stay keep what was learned.
   */
  async prepare({ upstreams, probeEveryMs }: FleetSettings): Promise<() => void> {
    const next = upstreams.map((settings) => {
      const known = this.#upstreams.find((upstream) => isSameServer(upstream.settings, settings))
      return { settings, upstream: known ?? this.#newUpstream(settings) }
    })
    const all = next.map(({ upstream }) => upstream)
    const prober = this.#proberOf(all, probeEveryMs)
    const looked = new AbortController()
    await Promise.race([prober.start(), this.#world.sleep(newcomerMs, looked.signal)])
    looked.abort()
    return () => {
      this.#prober.stop()
      this.#prober = prober
      if (this.#stopped) prober.stop()
      for (const { upstream, settings } of next) upstream.adopt(settings, this.#callTo(settings))
      this.#upstreams = all
      this.#onChange(true)
    }
  }

  readonly #onChange = (modelsChanged: boolean): void => {
    if (modelsChanged) this.#offerings = offeringsOf(this.#upstreams)
    for (const listener of this.#listeners) listener()
  }

  #newUpstream(settings: UpstreamSettings): Upstream {
    const upstream = new Upstream(settings, this.#callTo(settings), this.#canOf(settings.backend), () =>
      this.#world.now(),
    )
    upstream.memory.onLoaded = () => this.#onChange(false)
    upstream.onBusy = (place) => this.#stalls.watch(upstream, place)
    upstream.onIdle = (place) => this.#stalls.release(place)
    upstream.onReturn = (place) => this.#slowStart.begin(place)
    return upstream
  }

  #callTo(settings: UpstreamSettings): Call {
    return callTo(settings, this.#world, probeMaxMs)
  }

  #proberOf(upstreams: readonly Upstream[], probeEveryMs: number): Prober {
    return new Prober({
      upstreams,
      probeEveryMs,
      world: this.#world,
      emit: this.#emit,
      onChange: this.#onChange,
      onFound: (upstream) => this.#preloading.look(upstream),
    })
  }
}

/** What was learned is about a machine and what runs there; its name, because people would look for it under that. */
const isSameServer = (one: UpstreamSettings, other: UpstreamSettings): boolean =>
  one.name === other.name &&
  one.origin === other.origin &&
  one.basePath === other.basePath &&
  one.backend === other.backend

function least(some: number | undefined, other: number | undefined): number | undefined {
  if (some === undefined || other === undefined) return some ?? other
  return Math.min(some, other)
}
