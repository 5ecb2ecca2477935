import { migrate, type Migration, migrations } from './migrations.ts'
import type { Bounds } from './postgres-driver.ts'
import { Lane } from './postgres-lane.ts'
import { beginAlone, Writer } from './postgres-writer.ts'
import type { Work } from './work.ts'

export interface PostgresOptions {
  readonly url: string
  /** Milliseconds that only go forward. */
  readonly now: () => number
  /** How the tables are made; all steps that there are where it is undefined. */
  readonly steps?: readonly Migration[] | undefined
  /** Of those who write; the usual ones where it is undefined. */
  readonly bounds?: Bounds | undefined
}

/** A writer that stands still keeps all others waiting for `pauseMs`. They wait for their turn longer than that. */
const writing: Bounds = { statementMs: 4_000, pauseMs: 2_000, graceMs: 1_000 }
const reading: Bounds = { statementMs: 30_000, pauseMs: 30_000, graceMs: 1_000 }
const migrating: Bounds = { statementMs: 3_600_000, pauseMs: 30_000, graceMs: 1_000 }

const beginToRead = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'

/**
 * A PostgreSQL as the place where work is done. Who writes does so alone among all gateways, as in a file: work that was
 * thought out for one writer is right here too, and nobody waits for somebody who waits.
 */
export class Postgres {
  readonly #migrating: Lane
  readonly #writing: Lane
  readonly #reading: Lane
  readonly #writer: Writer
  readonly #steps: readonly Migration[]
  #migrated: Promise<void> | undefined

  constructor({ url, now, steps = migrations, bounds = writing }: PostgresOptions) {
    this.#migrating = new Lane({ url, now, most: 1, bounds: migrating })
    this.#writing = new Lane({ url, now, most: 1, bounds })
    this.#reading = new Lane({ url, now, most: 4, bounds: reading })
    this.#writer = new Writer({ lane: this.#writing, version: steps.length, now })
    this.#steps = steps
  }

  /** In one transaction, with what others asked for at the same time. */
  async write<T>(begin: () => Work<T>): Promise<T> {
    await this.#migrate()
    return this.#writer.do(begin)
  }

  /** Sees what was there when it began, and keeps nobody waiting who writes. */
  async read<T>(begin: () => Work<T>): Promise<T> {
    await this.#migrate()
    return this.#reading.use((session) => session.transact(beginToRead, () => session.run(begin())))
  }

  async close(): Promise<void> {
    await Promise.all([this.#migrating.close(), this.#writing.close(), this.#reading.close()])
  }

  /** Once; and again for whoever comes next, until it has succeeded. */
  #migrate(): Promise<void> {
    this.#migrated ??= this.#migrateNow().catch((error: unknown) => {
      this.#migrated = undefined
      throw error
    })
    return this.#migrated
  }

  async #migrateNow(): Promise<void> {
    await this.#migrating.use((session) => session.transact(beginAlone, () => session.run(migrate(this.#steps))))
    await this.#migrating.close()
  }
}
