import { hostname } from 'node:os'
import type { Emit } from '../core/event.ts'
import type { World } from '../core/world.ts'
import type { Books } from './books.ts'
import type { Holds } from './holds.ts'
import type { Owner } from './owners.ts'
import { heartbeatMs, recover } from './recovery.ts'
import type { Trouble } from './trouble.ts'

export interface CareParts {
  readonly owner: Owner
  readonly books: Books
  readonly holds: Holds
  readonly trouble: Trouble
  readonly world: World
  readonly emit: Emit
  readonly journals: string
  /** Entries that found no room anywhere. */
  readonly dropped: () => number
  /** Other machines use the same books. */
  readonly isShared: boolean
}

/** How often it is looked whether other processes have gone. */
const lookEveryMs = 30_000

/** While something is wrong, how often it is tried whether it still is. */
const tryEveryMs = 1_000

/** What has to be done again and again: to say that one is alive, to look who is not, and whether what was wrong still is. */
export class Care {
  readonly #parts: CareParts
  readonly #ended = new AbortController()
  #running: Promise<unknown> = Promise.resolve()

  constructor(parts: CareParts) {
    this.#parts = parts
  }

  /** Resolves when everything was looked at once. */
  async begin(): Promise<void> {
    const first = this.#look()
    this.#running = first.then(() => Promise.all([this.#goOnLooking(), this.#try()]))
    await first
  }

  async end(): Promise<void> {
    this.#ended.abort()
    await this.#running
  }

  async #goOnLooking(): Promise<void> {
    const { world, isShared } = this.#parts
    const { signal } = this.#ended
    const everyMs = isShared ? heartbeatMs : lookEveryMs
    for (;;) {
      await world.sleep(everyMs, signal)
      if (signal.aborted) return
      await this.#look()
    }
  }

  async #look(): Promise<void> {
    const { books, world, emit, journals, owner, isShared, trouble } = this.#parts
    try {
      if (isShared) await books.run('heartbeat', owner.id, hostname(), world.epochMs())
      const { processes, closed, orphans, refused } = await recover({ journals, books, world, self: owner.id })
      for (const text of refused) emit({ type: 'notice', level: 'error', text })
      if (processes + orphans === 0) return
      const text = `Processes that ended without a word: ${processes}. Of theirs, ${closed} requests were taken down that had ended, and ${orphans} ended that had not.`
      emit({ type: 'notice', level: 'info', text })
    } catch (error) {
      trouble.begin('books', error)
    }
  }

  async #try(): Promise<void> {
    const { books, holds, trouble, world, owner, emit, dropped } = this.#parts
    const { signal } = this.#ended
    let told = 0
    for (; !signal.aborted; await world.sleep(tryEveryMs, signal)) {
      if (dropped() > told) {
        told = dropped()
        const text = `${told} requests were not taken down: the disk is full, and so is the memory for them. Make room.`
        emit({ type: 'notice', level: 'error', text })
      }
      if (holds.unwanted > 0) await holds.releaseUnwanted()
      else if (trouble.has('books')) {
        await books.run('heartbeat', owner.id, hostname(), world.epochMs()).then(
          () => trouble.end('books'),
          (error: unknown) => trouble.begin('books', error),
        )
      }
    }
  }
}
