import { isPattern } from '../core/names.ts'
import type { Place } from './place.ts'
import type { ServedModel, Upstream } from './upstream.ts'

/**
 * Whether a model can be served now: it can; it is being loaded; it could not be loaded, or fails those who ask it; it is
 * not in memory, and would have to be loaded; nobody who has it answers.
 */
export type ModelState = 'ready' | 'loading' | 'failed' | 'cold' | 'down'

/** From the best to the worst. */
const states: readonly ModelState[] = ['ready', 'loading', 'cold', 'failed', 'down']

/** A model on one server. */
export interface Readiness {
  readonly upstream: Upstream
  readonly model: ServedModel
  readonly place: Place
  readonly state: ModelState
  /** Why it could not be loaded; undefined where it could be, or nobody has tried. */
  readonly loadFault: string | undefined
}

export interface ModelReadiness {
  readonly name: string
  /** Where it is best. */
  readonly state: ModelState
  readonly servers: readonly Readiness[]
}

/** All models that anybody serves, or would if he answered, by name. */
export function readinessOf(upstreams: readonly Upstream[], now: number): readonly ModelReadiness[] {
  const byName = new Map<string, Readiness[]>()
  for (const upstream of upstreams) {
    for (const model of upstream.models()) {
      // Nobody can ask for a pattern by its own name.
      if (isPattern(model.name)) continue
      const there = readinessAt(upstream, model, now)
      const known = byName.get(model.name)
      if (known === undefined) byName.set(model.name, [there])
      else known.push(there)
    }
  }
  return Array.from(byName, ([name, servers]) => ({ name, state: bestOf(servers), servers })).sort((one, other) =>
    one.name < other.name ? -1 : 1,
  )
}

export function readinessAt(upstream: Upstream, model: ServedModel, now: number): Readiness {
  const place = upstream.place(model.id)
  return { upstream, model, place, state: stateOf(upstream, place, now), loadFault: place.loadTrouble?.reason }
}

function stateOf(upstream: Upstream, place: Place, now: number): ModelState {
  const server = upstream.state(now)
  if (server !== 'up' && server !== 'trying') return 'down'
  if (upstream.residency.coming === place.tenant) return 'loading'
  const state = place.state(now)
  if (state === 'unloadable' || state === 'stalled' || state === 'resting') return 'failed'
  return place.loaded === false ? 'cold' : 'ready'
}

export const bestOf = (servers: readonly Pick<Readiness, 'state'>[]): ModelState =>
  states.find((state) => servers.some((one) => one.state === state)) ?? 'down'
