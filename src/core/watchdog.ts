import { Bag, type Bagged } from './bag.ts'
import type { World } from './world.ts'

/** Something that is told when its time has come, once. */
export interface Watched extends Bagged {
  /** It may move on, and is a plain number, so that moving it costs a frame nothing. */
  deadline: number
  expire(): void
}

const usualTickMs = 250

/**
 * One clock for all that is watched. A timer each would cost more than the frames they guard;
 * here a deadline is a number, looked at four times a second if nothing else is said, and only while there is one.
 */
export class Watchdog {
  readonly #world: World
  readonly #watched = new Bag<Watched>()
  readonly #tickMs: number
  #running = false
  /** When it looked last. */
  #lookedAt = 0

  constructor(world: World, tickMs: number = usualTickMs) {
    this.#world = world
    this.#tickMs = tickMs
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
    let excused = false
    while (this.#watched.size > 0) {
      this.#lookedAt = this.#world.now()
      await this.#world.sleep(this.#tickMs, undefined, this.#nothingYet)
      const now = this.#world.now()
      // This process stood still, not the servers: what they said meanwhile is yet to be read.
      excused = !excused && now - this.#lookedAt > 2 * this.#tickMs
      if (excused) continue
      for (const watched of this.#watched) {
        if (now < watched.deadline) continue
        this.#watched.delete(watched)
        watched.expire()
      }
    }
    this.#running = false
  }

  /** Asked where time leaps, in place of waking up for each tick. */
  readonly #nothingYet = (): boolean => {
    const now = this.#world.now()
    if (this.#watched.size === 0 || this.#watched.some((watched) => now >= watched.deadline)) return false
    this.#lookedAt = now
    return true
  }
}
