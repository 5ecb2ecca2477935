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
}

/**
 * Brings into memory what the configuration wants there: at the start, and again when it has gone and the server stands
 * idle. One model after the other, and never one that is in use or is to stay for another.
 */
export class Preloading {
  readonly #world: Pick<World, 'now'>
  readonly #emit: Emit
  readonly #failures = new WeakMap<Upstream, Map<string, Failures>>()

  constructor(world: Pick<World, 'now'>, emit: Emit) {
    this.#world = world
    this.#emit = emit
  }

  /** To be called when it is known what is there. */
  look(upstream: Upstream): void {
    if (upstream.inFlight > 0) return
    for (const model of upstream.missing()) {
      const { tenant } = upstream.place(model.id)
      const failures = this.#failuresOf(upstream, model)
      if (failures.restsUntil > this.#world.now()) continue
      if (upstream.residency.isShut(tenant)) {
        this.#failed(upstream, model, 'it does not fit into memory beside the others that are to be there')
        continue
      }
      if (!upstream.residency.isFreeFor(tenant)) continue
      void this.#bring(upstream, model)
      return
    }
  }

  async #bring(upstream: Upstream, model: ServedModel): Promise<void> {
    try {
      await upstream.bring(model)
      this.#failures.get(upstream)?.delete(model.id)
    } catch (error) {
      this.#failed(upstream, model, Fault.from(error).message)
    }
  }

  #failed(upstream: Upstream, model: ServedModel, reason: string): void {
    const failures = this.#failuresOf(upstream, model)
    failures.restsUntil = this.#world.now() + Math.min(restMaxMs, restMs * 2 ** failures.count)
    failures.count += 1
    const text = `${upstream.settings.name}: ${model.name} of models.preload is not in memory: ${reason}`
    this.#emit({ type: 'notice', level: 'warn', text })
  }

  #failuresOf(upstream: Upstream, { id }: ServedModel): Failures {
    let all = this.#failures.get(upstream)
    if (all === undefined) this.#failures.set(upstream, (all = new Map<string, Failures>()))
    let failures = all.get(id)
    if (failures === undefined) all.set(id, (failures = { count: 0, restsUntil: 0 }))
    return failures
  }
}
