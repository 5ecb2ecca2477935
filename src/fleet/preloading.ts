import type { Emit } from '../core/event.ts'
import { Fault } from '../core/fault.ts'
import type { World } from '../core/world.ts'
import type { ServedModel, Upstream } from './upstream.ts'

/** What failed is tried again after so long, longer each time. */
const restMs = 60_000
const restMaxMs = 3_600_000

interface Failures {
  count: number
  restsUntil: number
  /** Which life of the server they belong to: one that was gone is tried anew. */
  readonly life: number
}

/**
 * Brings into memory what the configuration wants there: at the start, and again when it has gone and the server stands
 * idle. One model after the other, and never one that is in use or is to stay for another. A server that lets go of what
 * nobody asks for is told that these are to stay.
 */
export class Preloading {
  readonly #world: Pick<World, 'now' | 'random'>
  readonly #emit: Emit
  readonly #failures = new WeakMap<Upstream, Map<string, Failures>>()

  constructor(world: Pick<World, 'now' | 'random'>, emit: Emit) {
    this.#world = world
    this.#emit = emit
  }

  /** To be called when it is known what is there. */
  look(upstream: Upstream): void {
    if (upstream.inFlight > 0) return
    for (const model of upstream.memory.missing()) {
      const { tenant } = upstream.place(model.id)
      if (this.#rests(upstream, model)) continue
      if (upstream.residency.isShut(tenant)) {
        this.#failed(upstream, model, 'it does not fit into memory beside the others that are to be there')
        continue
      }
      if (!upstream.residency.isFreeFor(tenant)) continue
      void this.#bring(upstream, model)
      return
    }
    for (const one of upstream.memory.unsettled()) {
      if (this.#rests(upstream, one.model)) continue
      // Told once, and not again before it is known whether that helped.
      this.#rest(upstream, one.model)
      upstream.memory.keep(one)?.catch((error: unknown) => this.#tell(upstream, one.model, error))
      return
    }
  }

  async #bring(upstream: Upstream, model: ServedModel): Promise<void> {
    try {
      await upstream.memory.bring(model)
      this.#failures.get(upstream)?.delete(model.id)
    } catch (error) {
      this.#failed(upstream, model, error)
    }
  }

  #failed(upstream: Upstream, model: ServedModel, reason: unknown): void {
    this.#rest(upstream, model)
    this.#tell(upstream, model, reason)
  }

  #tell({ settings }: Upstream, model: ServedModel, reason: unknown): void {
    const why = typeof reason === 'string' ? reason : Fault.from(reason).message
    const text = `${settings.name}: ${model.name} of models.preload is not in memory: ${why}`
    this.#emit({ type: 'notice', level: 'warn', text })
  }

  #rests(upstream: Upstream, model: ServedModel): boolean {
    return this.#failuresOf(upstream, model).restsUntil > this.#world.now()
  }

  /** Spread, so that servers that failed together do not load together. */
  #rest(upstream: Upstream, model: ServedModel): void {
    const world = this.#world
    const failures = this.#failuresOf(upstream, model)
    failures.restsUntil = world.now() + Math.min(restMaxMs, restMs * 2 ** failures.count) * (0.8 + 0.4 * world.random())
    failures.count += 1
  }

  #failuresOf(upstream: Upstream, { id }: ServedModel): Failures {
    let all = this.#failures.get(upstream)
    if (all === undefined) this.#failures.set(upstream, (all = new Map<string, Failures>()))
    let failures = all.get(id)
    if (failures === undefined || failures.life !== upstream.returns)
      all.set(id, (failures = { count: 0, restsUntil: 0, life: upstream.returns }))
    return failures
  }
}
