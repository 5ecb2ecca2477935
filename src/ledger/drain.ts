import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Emit } from '../core/event.ts'
import type { World } from '../core/world.ts'
import { type Books, BooksFault } from './books.ts'
import type { Batch, Journal } from './journal.ts'
import { together } from './journal-record.ts'
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

const batchMost = 256
/** So long it waits for others to go along. */
const gatherMs = 20
const againMs = 50
const againMostMs = 1_000

/** Brings what stands in the journal into the books, in its order, as often as it takes. */
export class Drain {
  readonly #parts: DrainParts
  readonly #hurried = new AbortController()
  #running: Promise<void> | undefined
  #isEnded = false

  constructor(parts: DrainParts) {
    this.#parts = parts
  }

  /** Something was added. */
  begin(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
      // Something may have been added in the same moment.
      if (!this.#isEnded && this.#parts.journal.waiting > 0) this.begin()
    })
  }

  /** Does what is left at once, and ends; where the books do not take it, it stays in the journal. */
  async end(): Promise<void> {
    this.#isEnded = true
    this.#hurried.abort()
    await this.#running
    await this.#drain()
  }

  async #run(): Promise<void> {
    const { world, journal } = this.#parts
    let waitMs = againMs
    while (!this.#isEnded && journal.waiting > 0) {
      if (journal.waiting < batchMost) await world.sleep(gatherMs, this.#hurried.signal)
      if (await this.#drain()) {
        waitMs = againMs
        continue
      }
      await world.sleep(waitMs, this.#hurried.signal)
      waitMs = Math.min(againMostMs, waitMs * 2)
    }
  }

  /** False where the books would not take something. */
  async #drain(): Promise<boolean> {
    const { journal, trouble } = this.#parts
    for (let batch = journal.next(batchMost); batch !== undefined; batch = journal.next(batchMost)) {
      try {
        await this.#post(batch)
        journal.posted(batch)
        trouble.end('books')
      } catch (error) {
        trouble.begin('books', error)
        return false
      }
    }
    return true
  }

  async #post({ entries }: Batch): Promise<void> {
    const { books } = this.#parts
    try {
      await books.run('closeText', together(entries))
    } catch (error) {
      if (!isWrong(error)) throw error
      // One of them cannot be entered, and must not keep the others out for ever.
      for (const entry of entries)
        await books.run('closeText', together([entry])).catch((fault) => this.#setAside(entry, fault))
    }
  }

  #setAside(entry: string, fault: unknown): void {
    if (!isWrong(fault)) throw fault as Error
    const { folder, emit } = this.#parts
    const path = join(folder, 'refused.log')
    appendFileSync(path, `${entry}\n`, { mode: 0o600 })
    const text = `The ledger could not enter a request, which is kept in ${path}: ${(fault as Error).message}`
    emit({ type: 'notice', level: 'error', text })
  }
}

const isWrong = (error: unknown): boolean => error instanceof BooksFault && error.kind === 'wrong'
