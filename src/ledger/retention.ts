import type { World } from '../core/world.ts'
import type { Books } from './books.ts'

interface RetentionParts {
  readonly books: Pick<Books, 'run'>
  readonly world: Pick<World, 'epochMs' | 'sleep'>
  /** For how long each request has a row of its own. */
  readonly keepMs: () => number
  readonly timeZone: () => string
}

const firstMs = 60_000
const hourMs = 3_600_000
/** So many rows go at a time, and others have their turn between: to let go is never urgent. */
const rowsAtOnce = 1_000
const pauseMs = 100

/** Lets go of rows that are older than they have to be. What was used is in the sums of their days. */
export class Retention {
  readonly #parts: RetentionParts
  readonly #closing = new AbortController()

  constructor(parts: RetentionParts) {
    this.#parts = parts
    void this.#keep()
  }

  close(): void {
    this.#closing.abort()
  }

  async #keep(): Promise<void> {
    const { signal } = this.#closing
    // Who has just started has other things to do.
    await this.#parts.world.sleep(firstMs, signal)
    while (!signal.aborted) {
      // Where the books cannot be written, nothing is lost by waiting.
      await this.#letGo().catch(() => {})
      await this.#parts.world.sleep(hourMs, signal)
    }
  }

  async #letGo(): Promise<void> {
    const { books, world, keepMs, timeZone } = this.#parts
    const before = world.epochMs() - keepMs()
    if (!Number.isFinite(before)) return
    await books.run('closeDays', before, timeZone())
    while (!this.#closing.signal.aborted && (await books.run('letGo', rowsAtOnce)) > 0) {
      await world.sleep(pauseMs, this.#closing.signal)
    }
  }
}
