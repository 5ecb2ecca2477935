import type { Bounds } from './postgres-driver.ts'
import { hindranceOf, isUndone } from './postgres-faults.ts'
import { Lane } from './postgres-lane.ts'
import type { Session } from './postgres-session.ts'
import type { Work } from './work.ts'

export interface PostgresOptions {
  readonly url: string
  /** Milliseconds that only go forward. */
  readonly now: () => number
  /** Brings the tables to where this program needs them. */
  readonly migrate: () => Work<unknown>
  /** The usual ones where it is undefined. */
  readonly bounds?: Bounds | undefined
}

interface Asked {
  /** Begins it, each time from the start. */
  readonly begin: () => Work<unknown>
  readonly resolve: (result: never) => void
  readonly reject: (error: unknown) => void
}

/** A writer that stands still keeps all others waiting for `pauseMs`; they wait for their turn that long and some more. */
const writing: Bounds = { statementMs: 4_000, pauseMs: 2_000, graceMs: 1_000 }
const reading: Bounds = { statementMs: 30_000, pauseMs: 30_000, graceMs: 1_000 }
const migrating: Bounds = { statementMs: 3_600_000, pauseMs: 30_000, graceMs: 1_000 }

/** How long one transaction goes on taking in what is asked for meanwhile: the other gateways want their turn. */
const turnMs = 25

/** Times that work is done again which the server undid because somebody else was in its way. */
const retriesMost = 3

/** Whoever writes has this lock until its transaction ends, in all gateways that share the database. */
const beginAlone = 'BEGIN; SELECT pg_advisory_xact_lock(7340219)'
const beginToRead = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'

/**
 * A PostgreSQL as the place where work is done. Who writes does so alone among all gateways, as in a file: work that was
 * thought out for one writer is right here too, nothing deadlocks, and what is asked for at the same time shares one commit.
 */
export class Postgres {
  readonly #options: PostgresOptions
  readonly #writer: Lane
  readonly #readers: Lane
  readonly #line: Asked[] = []
  #isWriting = false
  #migrated: Promise<void> | undefined

  constructor(options: PostgresOptions) {
    const { url, now, bounds = writing } = options
    this.#options = options
    this.#writer = new Lane({ url, now, most: 1, bounds })
    this.#readers = new Lane({ url, now, most: 2, bounds: reading })
  }

  /** In a transaction of its own or in one with others: all of it is kept when this resolves, and nothing when it rejects. */
  write<T>(begin: () => Work<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#line.push({ begin, resolve, reject })
      if (!this.#isWriting) void this.#writeAll()
    })
  }

  /** Sees what was there when it began, and keeps nobody waiting who writes. */
  async read<T>(begin: () => Work<T>): Promise<T> {
    await this.#migrate()
    return this.#readers.use((session) => transaction(session, beginToRead, () => session.run(begin())))
  }

  async close(): Promise<void> {
    await Promise.all([this.#writer.close(), this.#readers.close()])
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true
    // What is asked for in the same breath goes together.
    await Promise.resolve()
    while (this.#line.length > 0) {
      try {
        await this.#migrate()
        await this.#turn(this.#line)
      } catch (error) {
        // Nothing of it was begun, and who waits now has waited long enough.
        for (const { reject } of this.#line.splice(0)) reject(error)
      }
    }
    this.#isWriting = false
  }

  /** Writes as much of a line as one transaction takes in. Rejects when there is none to be had. */
  async #turn(line: Asked[]): Promise<void> {
    const taken: Asked[] = []
    try {
      const results = await this.#together(line, taken)
      for (const [i, { resolve }] of taken.entries()) resolve(results[i] as never)
    } catch (error) {
      if (taken.length === 0) throw error
      if (taken.length === 1 || hindranceOf(error) !== undefined) for (const { reject } of taken) reject(error)
      // One of them is at fault. Alone, each of them has its own end.
      else for (const asked of taken) await this.#turn([asked])
    }
  }

  async #together(line: Asked[], taken: Asked[], retries = 0): Promise<readonly unknown[]> {
    try {
      return await this.#writer.use((session) =>
        transaction(session, beginAlone, async () => {
          const results: unknown[] = []
          const until = this.#options.now() + turnMs
          for (
            let next = line.shift();
            next !== undefined;
            next = this.#options.now() < until ? line.shift() : undefined
          ) {
            taken.push(next)
            results.push(await session.run(next.begin()))
          }
          return results
        }),
      )
    } catch (error) {
      if (!isUndone(error) || retries === retriesMost) throw error
      line.unshift(...taken.splice(0))
      return this.#together(line, taken, retries + 1)
    }
  }

  /** Once, and again until it has succeeded once. */
  #migrate(): Promise<void> {
    this.#migrated ??= this.#migrateNow().catch((error: unknown) => {
      this.#migrated = undefined
      throw error
    })
    return this.#migrated
  }

  async #migrateNow(): Promise<void> {
    const { url, now, migrate } = this.#options
    const lane = new Lane({ url, now, most: 1, bounds: migrating })
    try {
      await lane.use((session) => transaction(session, beginAlone, () => session.run(migrate())))
    } finally {
      await lane.close()
    }
  }
}

async function transaction<T>(session: Session, begin: string, work: () => Promise<T>): Promise<T> {
  await session.say(begin)
  const result = await work()
  // A transaction in which something went wrong is not committed by a COMMIT, and that is no error there.
  if ((await session.say('COMMIT')) !== 'COMMIT')
    throw new Error('PostgreSQL undid a transaction instead of committing it.')
  return result
}
