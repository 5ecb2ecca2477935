import type { CloudState, Delivery, DueLetter, Letter, Notes } from '../core/notes.ts'
import { auditOf } from './audit.ts'
import type { Books } from './books.ts'

/** Notes in the books: as many gateways as share these share them. */
export class BookNotes implements Notes {
  readonly #books: Pick<Books, 'run'>

  constructor(books: Pick<Books, 'run'>) {
    this.#books = books
  }

  cloud(): Promise<CloudState | undefined> {
    return this.#books.run('cloudState')
  }

  setCloud(state: CloudState): Promise<void> {
    const { open, by, from, at, reason } = state
    const [action, after] = open ? ['cloud.open', 'open'] : ['cloud.close', 'closed']
    const change = { actor: by, source: from, action, subject: 'cloud', after, detail: reason, result: 'ok' }
    // However often it is tried, it is one change.
    const record = { ...auditOf(change, at), id: `cloud-${at}-${by}` }
    return this.#books.run('setCloudState', state, record)
  }

  post(letter: Letter, addressed: boolean): Promise<boolean> {
    return this.#books.run('postLetter', letter, addressed)
  }

  async take(now: number, leaseMs: number, most: number): Promise<readonly DueLetter[]> {
    if (!(await this.#books.run('lettersDue', now))) return []
    return this.#books.run('takeLetters', now, leaseMs, most)
  }

  sent(id: string, delivery: Delivery): Promise<void> {
    return this.#books.run('letterSent', id, delivery)
  }
}
