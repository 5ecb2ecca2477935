import type { PoolClient } from 'pg'
import { hindranceOf } from './postgres-faults.ts'
import { preparedOf } from './postgres-text.ts'
import type { Row, Statement, Work } from './work.ts'

/** One connection, while somebody has it. */
export class Session {
  readonly #client: PoolClient
  /** It may be in the middle of anything: nobody else can use it. */
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

  /** One or several statements without values; resolves with what the last of them did. */
  async say(text: string): Promise<string> {
    const results = await this.#client.query(text)
    return [results].flat().at(-1)?.command ?? ''
  }

  /** Undoes what was begun after it came to this, as far as anybody is there to be told so. */
  async undoAfter(error: unknown): Promise<void> {
    // Who was silent is not asked again.
    if (hindranceOf(error) === 'gone') this.#isSpoilt = true
    else await this.say('ROLLBACK').catch(() => (this.#isSpoilt = true))
  }

  release(): void {
    this.#client.release(this.#isSpoilt)
  }

  async #ask({ text, values }: Statement): Promise<readonly Row[]> {
    const { rows } = await this.#client.query<Row>({ ...preparedOf(text), values: [...values] })
    return rows
  }
}
