import type { World } from '../core/world.ts'

/** Nobody asks why; a reason of its own for each would cost more than the rest. */
const off = 'off'

/** One timer for whatever comes first. */
export class Alarm {
  readonly #world: World
  readonly #onRing: () => void
  #ringsAt = Infinity
  #sleep: AbortController | undefined

  constructor(world: World, onRing: () => void) {
    this.#world = world
    this.#onRing = onRing
  }

  /** Rings by this time at the latest. */
  by(at: number): void {
    if (at >= this.#ringsAt) return
    this.off()
    this.#ringsAt = at
    const sleep = new AbortController()
    this.#sleep = sleep
    void this.#world.sleep(Math.max(0, at - this.#world.now()), sleep.signal).then(() => {
      if (sleep.signal.aborted) return
      this.#sleep = undefined
      this.#ringsAt = Infinity
      this.#onRing()
    })
  }

  off(): void {
    this.#ringsAt = Infinity
    this.#sleep?.abort(off)
    this.#sleep = undefined
  }
}
