import type { Claim, ClaimAnswer } from '../core/ledger.ts'
import { Watchdog } from '../core/watchdog.ts'
import type { World } from '../core/world.ts'
import { type Books, BooksFault } from './books.ts'
import type { Trouble } from './trouble.ts'

export interface HoldParts {
  readonly books: Books
  /** Under whose name it is set aside. */
  readonly owner: string
  readonly world: World
  readonly trouble: Trouble
}

/**
 * So long an ask waits until its money is set aside. A commit takes a millisecond, a hundred where the disk is busy, and several
 * hundred now and then: nothing shall be refused for one slow flush. Whoever would wait longer is better off at home, or knowing.
 */
const patienceMs = 400

const tickMs = 50

/** Sets money aside in the books, within bounded time. */
export class Holds {
  readonly #parts: HoldParts
  readonly #watchdog: Watchdog
  /** They may have been set aside although nobody was told so, and nobody wants them. */
  readonly #unwanted = new Set<string>()

  constructor(parts: HoldParts) {
    this.#parts = parts
    this.#watchdog = new Watchdog(parts.world, tickMs)
  }

  get unwanted(): number {
    return this.#unwanted.size
  }

  hold(claim: Claim): Promise<ClaimAnswer> {
    const { books, owner, world, trouble } = this.#parts
    if (trouble.text !== undefined) return Promise.reject(new Error(trouble.text))
    return new Promise((resolve, reject) => {
      const watched = {
        slot: -1,
        deadline: world.now() + patienceMs,
        isLate: false,
        expire: (): void => {
          watched.isLate = true
          trouble.begin('books', 'The ledger takes too long.')
          reject(new Error('The ledger takes too long.'))
        },
      }
      this.#watchdog.watch(watched)
      const failed = (error: Error): void => {
        reject(error)
        // The books are well, and what was asked for is not: nothing was set aside.
        if (error instanceof BooksFault && error.kind === 'wrong') return
        this.#unwanted.add(claim.id)
        trouble.begin('books', error)
      }
      books
        .run('hold', claim, owner)
        .finally(() => this.#watchdog.release(watched))
        .then((answer) => {
          trouble.end('books')
          resolve(answer)
          if (!watched.isLate) return
          this.#unwanted.add(claim.id)
          void this.releaseUnwanted()
        }, failed)
    })
  }

  /** True where nothing is left that nobody wants. */
  async releaseUnwanted(): Promise<boolean> {
    const ids = [...this.#unwanted]
    if (ids.length === 0) return true
    try {
      await this.#parts.books.run('release', ids)
      for (const id of ids) this.#unwanted.delete(id)
      this.#parts.trouble.end('books')
      return true
    } catch (error) {
      this.#parts.trouble.begin('books', error)
      return false
    }
  }
}
