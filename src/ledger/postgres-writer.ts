import { BooksFault } from './books.ts'
import { refuseNewer } from './migrations.ts'
import { isUndone } from './postgres-faults.ts'
import type { Lane } from './postgres-lane.ts'
import type { Session } from './postgres-session.ts'
import type { Work } from './work.ts'

interface WriterOptions {
  /** With one connection. */
  readonly lane: Lane
  /** The version of the tables that this program knows. */
  readonly version: number
  readonly now: () => number
}

interface Asked {
  /** Begins it, each time from the start. */
  readonly begin: () => Work<unknown>
  readonly resolve: (result: never) => void
  readonly reject: (error: unknown) => void
}

/** Whoever writes has this lock until its transaction ends, among all gateways that share the database. */
export const beginAlone = 'BEGIN; SELECT pg_advisory_xact_lock(7340219)'

/** A newer gateway beside this one may have changed the tables since. */
const beginToWrite = `${beginAlone}; SELECT value FROM meta WHERE name = 'version'`

/** How long one transaction goes on taking in what is asked for meanwhile: the other gateways want their turn. */
const turnMs = 25

/** Times that work is done again which the server undid because somebody else was in its way. */
const retriesMost = 3

/** Does one piece of work after the other. What is asked for while one transaction is under way shares the next. */
export class Writer {
  readonly #options: WriterOptions
  readonly #line: Asked[] = []
  #isBusy = false

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** All of it is kept when this resolves, and nothing when it rejects; where a connection broke, nobody knows. */
  do<T>(begin: () => Work<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#line.push({ begin, resolve, reject })
      if (!this.#isBusy) void this.#doAll()
    })
  }

  async #doAll(): Promise<void> {
    this.#isBusy = true
    // What is asked for in the same breath goes together.
    await Promise.resolve()
    while (this.#line.length > 0) {
      try {
        await this.#turn(this.#line)
      } catch (error) {
        // Nothing was begun, and those who come after them have no better chance than the next attempt.
        for (const { reject } of this.#line.splice(0)) reject(error)
      }
    }
    this.#isBusy = false
  }

  /** As much of a line as one transaction takes in. Rejects when there is none to be had. */
  async #turn(line: Asked[]): Promise<void> {
    const taken: Asked[] = []
    try {
      const results = await this.#together(line, taken)
      for (const [i, { resolve }] of taken.entries()) resolve(results[i] as never)
    } catch (error) {
      if (taken.length === 0) throw error
      const isOfOne = taken.length > 1 && error instanceof BooksFault && error.kind === 'wrong'
      // Alone, each of them has its own end.
      if (isOfOne) for (const asked of taken) await this.#turn([asked]).catch(asked.reject)
      else for (const { reject } of taken) reject(error)
    }
  }

  async #together(line: Asked[], taken: Asked[], retries = 0): Promise<readonly unknown[]> {
    const { lane, version } = this.#options
    try {
      return await lane.use((session) =>
        session.transact(beginToWrite, ([found]) => {
          refuseNewer(Number(found?.['value']), version)
          return this.#goThrough(line, taken, session)
        }),
      )
    } catch (error) {
      if (!(error instanceof BooksFault && isUndone(error)) || retries === retriesMost) throw error
      line.unshift(...taken.splice(0))
      return this.#together(line, taken, retries + 1)
    }
  }

  async #goThrough(line: Asked[], taken: Asked[], session: Session): Promise<readonly unknown[]> {
    const { now } = this.#options
    const results: unknown[] = []
    const until = now() + turnMs
    for (let next = line.shift(); next !== undefined; next = now() < until ? line.shift() : undefined) {
      taken.push(next)
      results.push(await session.run(next.begin()))
    }
    return results
  }
}
