import { Bag, type Bagged } from '../core/bag.ts'
import type { World } from '../core/world.ts'

/** Something that must show progress in time, or is cut off. */
export interface Watched extends Bagged {
  /** Moved on at each sign of progress; a plain number, so that a frame costs nothing. */
  deadline: number
  expire(): void
}

const tickMs = 250

/**
 * One clock for all attempts under way. A timer each would cost more than the frames they guard;
 * here a deadline is a number, looked at four times a second, and only while there is one.
 */
export class Watchdog {
  readonly #world: World
  readonly #watched = new Bag<Watched>()
  #running = false

  constructor(world: World) {
    this.#world = world
  }

  watch(watched: Watched): void {
    this.#watched.add(watched)
    if (!this.#running) void this.#run()
  }

  release(watched: Watched): void {
    this.#watched.delete(watched)
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#watched.size > 0) {
      await this.#world.sleep(tickMs)
      const now = this.#world.now()
      for (const watched of this.#watched) {
        if (now < watched.deadline) continue
        this.#watched.delete(watched)
        watched.expire()
      }
    }
    this.#running = false
  }
}
