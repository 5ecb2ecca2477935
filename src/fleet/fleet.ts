import type { Emit } from '../core/event.ts'
import type { Json } from '../core/json.ts'
import type { UpstreamSettings } from '../core/settings.ts'
import type { World } from '../core/world.ts'
import { callTo } from './call.ts'
import { offeringsOf, type Offering } from './offering.ts'
import { Prober, probeMaxMs } from './prober.ts'
import { Upstream } from './upstream.ts'

/** A model as the whole fleet offers it. */
export interface FleetModel {
  readonly name: string
  /** What every upstream that serves it can hold, as far as is known. */
  readonly contextTokens: number | undefined
  readonly loaded: boolean | undefined
  readonly about: Json | undefined
  /** Names of the upstreams that serve it now. */
  readonly upstreams: readonly string[]
}

export interface FleetParts {
  readonly upstreams: readonly UpstreamSettings[]
  readonly world: World
  readonly emit: Emit
  readonly probeEveryMs: number
}

const none: readonly Upstream[] = []

/** All configured servers, and who of them serves what. */
export class Fleet {
  readonly upstreams: readonly Upstream[]
  /** Whether the first round of probes is over. */
  probed = false
  readonly #prober: Prober
  readonly #listeners = new Set<() => void>()
  #offerings: ReadonlyMap<string, Offering>

  constructor({ upstreams, world, emit, probeEveryMs }: FleetParts) {
    this.upstreams = upstreams.map((settings) => new Upstream(settings, callTo(settings, world, probeMaxMs)))
    this.#offerings = offeringsOf(this.upstreams)
    this.#prober = new Prober({ upstreams: this.upstreams, world, emit, probeEveryMs, onChange: this.#onChange })
  }

  get anyUp(): boolean {
    return this.upstreams.some(({ up }) => up === true)
  }

  /** What is offered under a name, however it is spelled; undefined when nothing is. */
  offering(name: string): Offering | undefined {
    return this.#offerings.get(name) ?? this.#offerings.get(name.toLowerCase())
  }

  /** Who serves a model, up or down. */
  serving(model: string): readonly Upstream[] {
    return this.offering(model)?.upstreams ?? none
  }

  /** What can be served now, sorted by name. */
  models(): readonly FleetModel[] {
    const found = new Map<string, FleetModel>()
    for (const upstream of this.upstreams) {
      if (upstream.up === false) continue
      for (const { name, contextTokens, loaded, about } of upstream.models()) {
        const other = found.get(name)
        found.set(name, {
          name,
          contextTokens: least(other?.contextTokens, contextTokens),
          loaded: other?.loaded === true ? true : (loaded ?? other?.loaded),
          about: other?.about ?? about,
          upstreams: [...(other?.upstreams ?? []), upstream.settings.name],
        })
      }
    }
    return [...found.values()].sort((one, other) => (one.name < other.name ? -1 : 1))
  }

  /** Calls back whenever an upstream came, went or changed its models. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves after the first round of probes and keeps probing until `stop`. */
  async start(): Promise<void> {
    await this.#prober.start()
    this.probed = true
  }

  stop(): void {
    this.#prober.stop()
  }

  readonly #onChange = (modelsChanged: boolean): void => {
    if (modelsChanged) this.#offerings = offeringsOf(this.upstreams)
    for (const listener of this.#listeners) listener()
  }
}

function least(some: number | undefined, other: number | undefined): number | undefined {
  if (some === undefined || other === undefined) return some ?? other
  return Math.min(some, other)
}
