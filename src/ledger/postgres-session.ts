import type { PoolClient } from 'pg'
import { BooksFault } from './books.ts'
import { preparedOf } from './postgres-text.ts'
import type { Row, Statement, Value, Work } from './work.ts'

/** One connection, while somebody has it. */
export class Session {
  readonly #client: PoolClient
  /** It may be in the middle of anything, or lead to the wrong place: nobody else can use it. */
  #isSpoilt = false

  constructor(client: PoolClient) {
    this.#client = client
  }

  /** Goes through a piece of work, step by step. */
  async run<T>(work: Work<T>): Promise<T> {
    let step = work.next([])
    while (step.done !== true) step = work.next(await this.#ask(step.value))
    return step.value
  }

  /** `begin` is one or several statements; the work is handed what the last of them found. Keeps all of it, or rejects. */
  async transact<T>(begin: string, work: (found: readonly Row[]) => Promise<T>): Promise<T> {
    const { rows } = await this.#say(begin)
    const result = await work(rows)
    const { command } = await this.#say('COMMIT')
    // Where something has gone wrong before, that is what a COMMIT does, without a complaint.
    if (command !== 'COMMIT') throw new BooksFault('wrong', 'PostgreSQL undid a transaction that was to be committed.')
    return result
  }

  /** Undoes what was begun, where there is somebody to be told so. */
  async undoAfter({ kind }: BooksFault): Promise<void> {
    this.#isSpoilt = kind === 'gone' || kind === 'read-only'
    try {
      // Who was silent is not asked again.
      if (!this.#isSpoilt) await this.#say('ROLLBACK')
    } catch {
      this.#isSpoilt = true
    }
  }

  release(): void {
    this.#client.release(this.#isSpoilt)
  }

  async #say(text: string): Promise<{ readonly command: string; readonly rows: readonly Row[] }> {
    const results = await this.#client.query<Row>(text)
    return [results].flat().at(-1)!
  }

  async #ask({ text, values }: Statement): Promise<readonly Row[]> {
    const { rows } = await this.#client.query<Row>({ ...preparedOf(text), values: values.map(storable) })
    return rows
  }
}

/** It stores every character but this one. */
const storable = (value: Value): Value =>
  typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\u{fffd}') : value
