import type { World } from '../core/world.ts'

interface RoomWatchParts {
  readonly world: Pick<World, 'sleep'>
  readonly refresh: () => Promise<void>
  /** Looks at those again who wait. */
  readonly tell: () => void
}

/** What comes back has to be in the books before it can be set aside again. */
const postedMs = 25
/** What others do with the same accounts, and what the calendar does, is seen after so long. */
const lookMs = 1_000

/**
 * Sees to it that whoever waits for money hears when there may be some: at once when an answer ends here, and once a second
 * as long as anybody is turned away for want of it.
 */
export class RoomWatch {
  readonly #parts: RoomWatchParts
  readonly #stopping = new AbortController()
  /** Somebody was turned away since it was last told. */
  #isWanted = false
  #isLooking = false
  #isDue = false

  constructor(parts: RoomWatchParts) {
    this.#parts = parts
  }

  /** Somebody is turned away, and may be waiting. */
  wanted(): void {
    this.#isWanted = true
    if (!this.#isLooking) void this.#look()
  }

  /** Some has come back. */
  came(): void {
    if (this.#isWanted && !this.#isDue) void this.#tellSoon()
  }

  stop(): void {
    this.#stopping.abort()
  }

  async #tellSoon(): Promise<void> {
    this.#isDue = true
    await this.#parts.world.sleep(postedMs, this.#stopping.signal)
    await this.#parts.refresh()
    this.#isDue = false
    this.#tell()
  }

  async #look(): Promise<void> {
    this.#isLooking = true
    const { signal } = this.#stopping
    while (this.#isWanted && !signal.aborted) {
      await this.#parts.world.sleep(lookMs, signal)
      if (signal.aborted) break
      await this.#parts.refresh()
      this.#tell()
    }
    this.#isLooking = false
  }

  /** Who is still turned away says so anew. */
  #tell(): void {
    this.#isWanted = false
    if (!this.#stopping.signal.aborted) this.#parts.tell()
  }
}
