import type { World } from '../core/world.ts'
import type { Place } from './place.ts'

/** A place that has come back is open again in so many steps, which take so long together. */
const steps = 10
const openingMs = 10_000

/**
 * Gives a place that was out its asks back little by little. All who wait would else fall upon it at once, and what has
 * just come up has cold caches, and may go down again under them.
 */
export class SlowStart {
  readonly #world: Pick<World, 'now' | 'sleep' | 'random'>
  /** There is room where there was none. */
  readonly #onRoom: () => void
  readonly #runs = new WeakMap<Place, object>()
  #stop = new AbortController()

  constructor(world: Pick<World, 'now' | 'sleep' | 'random'>, onRoom: () => void) {
    this.#world = world
    this.#onRoom = onRoom
  }

  begin(place: Place): void {
    const { limit } = place
    limit.opened = 1
    if (limit.capacity > 1) void this.#open(place)
    else limit.opened = Infinity
  }

  /** Whatever is opening is open. */
  stop(): void {
    this.#stop.abort()
    this.#stop = new AbortController()
  }

  async #open(place: Place): Promise<void> {
    const { limit } = place
    const run = {}
    this.#runs.set(place, run)
    const { signal } = this.#stop
    for (let step = 1; step < steps && !signal.aborted; step += 1) {
      // Spread, so that several that come back together do not take in step.
      await this.#world.sleep((openingMs / steps) * (0.8 + 0.4 * this.#world.random()), signal)
      // It went and came once more, or has another limit.
      if (this.#runs.get(place) !== run || place.limit !== limit) return
      const opened = Math.ceil((limit.capacity * step) / steps)
      if (opened <= limit.opened) continue
      limit.opened = opened
      this.#onRoom()
    }
    limit.opened = Infinity
    this.#onRoom()
  }
}
