import type { CloudState, Delivery, DueLetter, Letter, Notes } from '../core/notes.ts'

interface Kept extends Letter {
  tries: number
  /** When it is its turn; undefined when it was sent, or never is to be. */
  nextAt: number | undefined
}

/** More news than this nobody reads; the oldest are forgotten. */
const lettersMax = 1_000

/** Notes of one process, for as long as it runs: for an application that keeps no books. */
export class MemoryNotes implements Notes {
  readonly #letters = new Map<string, Kept>()
  #cloud: CloudState | undefined

  cloud(): Promise<CloudState | undefined> {
    return Promise.resolve(this.#cloud)
  }

  setCloud(state: CloudState): Promise<void> {
    this.#cloud = state
    return Promise.resolve()
  }

  post(letter: Letter, addressed: boolean): Promise<boolean> {
    const isNew = !this.#letters.has(letter.id)
    if (isNew) this.#letters.set(letter.id, { ...letter, tries: 0, nextAt: addressed ? letter.at : undefined })
    if (this.#letters.size > lettersMax) this.#letters.delete(this.#letters.keys().next().value!)
    return Promise.resolve(isNew)
  }

  take(now: number, leaseMs: number, most: number): Promise<readonly DueLetter[]> {
    const due = [...this.#letters.values()].filter(({ nextAt }) => nextAt !== undefined && nextAt <= now).slice(0, most)
    for (const letter of due) letter.nextAt = now + leaseMs
    return Promise.resolve(due.map(({ id, at, body, tries }) => ({ id, at, body, tries })))
  }

  sent(id: string, delivery: Delivery): Promise<void> {
    const letter = this.#letters.get(id)
    if (letter !== undefined) {
      letter.tries += 1
      letter.nextAt = 'tryAgainAt' in delivery ? delivery.tryAgainAt : undefined
    }
    return Promise.resolve()
  }
}
