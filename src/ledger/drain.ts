import type { Emit } from '../core/event.ts'
import type { World } from '../core/world.ts'
import type { Books } from './books.ts'
import type { Journal } from './journal.ts'
import { post } from './posting.ts'
import type { Trouble } from './trouble.ts'

export interface DrainParts {
  readonly journal: Journal
  readonly books: Books
  readonly world: Pick<World, 'sleep'>
  readonly trouble: Trouble
  readonly emit: Emit
  /** Where the journals are. */
  readonly folder: string
}

/** So many do not wait for more. */
const manyWaiting = 1_024
/** So long an entry waits for others to go along: it is safe where it is, and going alone costs as much as going together. */
const gatherMs = 500
/** Money that is set aside is wanted back sooner. */
const gatherPaidMs = 20
const againMs = 50
const againMostMs = 1_000

/** Brings what stands in the journal into the books, in its order, as often as it takes. */
export class Drain {
  readonly #parts: DrainParts
  readonly #ended = new AbortController()
  #gathering: AbortController | undefined
  #isHurried = false
  #running: Promise<void> | undefined

  constructor(parts: DrainParts) {
    this.#parts = parts
  }

  /** Something was added. */
  begin(isPaid: boolean): void {
    if (isPaid) {
      this.#isHurried = true
      this.#gathering?.abort()
    }
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
      // Something may have been added in the same moment.
      if (!this.#isEnded && this.#parts.journal.waiting > 0) this.begin(false)
    })
  }

  /** Does what is left at once, and ends; where the books do not take it, it stays in the journal. */
  async end(): Promise<void> {
    this.#ended.abort()
    this.#gathering?.abort()
    await this.#running
    while (this.#parts.journal.waiting > 0 && (await this.#drain()));
  }

  async #run(): Promise<void> {
    const { world, journal } = this.#parts
    let waitMs = againMs
    while (!this.#isEnded && journal.waiting > 0) {
      if (journal.waiting < manyWaiting) await this.#gather()
      if (await this.#drain()) {
        waitMs = againMs
        continue
      }
      await world.sleep(waitMs, this.#ended.signal)
      waitMs = Math.min(againMostMs, waitMs * 2)
    }
  }

  async #gather(): Promise<void> {
    const { world } = this.#parts
    if (!this.#isHurried) {
      this.#gathering = new AbortController()
      await world.sleep(gatherMs, this.#gathering.signal)
    }
    if (this.#isHurried) await world.sleep(gatherPaidMs, this.#ended.signal)
    this.#isHurried = false
  }

  get #isEnded(): boolean {
    return this.#ended.signal.aborted
  }

  /**
   * Enters what is there by now, and leaves what comes meanwhile to the next time: it would go in small groups. False where the
   * books would not take something.
   */
  async #drain(): Promise<boolean> {
    const { journal, books, trouble, emit, folder } = this.#parts
    for (let left = journal.waiting; left > 0;) {
      // Only what is entered now is asked for: what was handed over once does not grow any more.
      const batch = journal.next()
      if (batch === undefined) return true
      try {
        for (const text of await post(books, batch.of, folder)) emit({ type: 'notice', level: 'error', text })
        journal.posted(batch)
        left -= batch.entries
        trouble.end('books')
      } catch (error) {
        trouble.begin('books', error)
        return false
      }
    }
    return true
  }
}
