import type { JobArgs, JobName, JobResult } from './jobs/index.ts'

/** The database behind the ledger: SQLite in a thread of its own, or PostgreSQL. */
export interface Books {
  /**
   * Does one job in a transaction: all of it is kept or nothing, and what is kept is on the disk when the promise resolves.
   * It rejects with a BooksFault where the database is at fault.
   */
  run<J extends JobName>(job: J, ...args: JobArgs<J>): Promise<JobResult<J>>
  /** What was asked for before is done first. */
  close(): Promise<void>
}

/**
 * No space is left; somebody else keeps it locked; it may be read only; what it holds is not what was written; it cannot be
 * reached or the disk failed; it was made by a later version; or the job itself is wrong.
 */
export type BooksFaultKind = 'full' | 'locked' | 'read-only' | 'corrupt' | 'gone' | 'newer' | 'wrong'

export class BooksFault extends Error {
  readonly kind: BooksFaultKind

  constructor(kind: BooksFaultKind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'BooksFault'
    this.kind = kind
  }
}
