import { statSync } from 'node:fs'
import { BooksFault } from './books.ts'
import { readingJobs, workOf, type JobName } from './jobs/index.ts'
import { Connection } from './sqlite-connection.ts'
import { faultOf, needsReopening } from './sqlite-faults.ts'
import { upgrade } from './sqlite-upgrade.ts'

/** A job as it crosses from one thread to the other. */
export interface Asked {
  readonly job: JobName
  readonly args: readonly unknown[]
}

export type Answer = { readonly value: unknown } | { readonly fault: BooksFault }

/** The books in a file of SQLite, in the thread that calls it. */
export class SqliteFile {
  readonly #path: string
  #connection: Connection | undefined
  /** Which file it is: another one in its place is not our ledger. */
  #inode: bigint | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** Does jobs in one transaction. One that fails takes nothing with it; when the commit fails, all do. */
  answer(asked: readonly Asked[]): readonly Answer[] {
    try {
      const connection = this.#open()
      const writes = asked.some(({ job }) => !readingJobs.has(job))
      return connection.transaction(() => asked.map((one) => this.#try(connection, one)), { writes })
    } catch (error) {
      const fault = faultOf(error)
      if (needsReopening(fault)) this.#drop()
      return asked.map(() => ({ fault }))
    }
  }

  close(): void {
    this.#drop()
  }

  #try(connection: Connection, { job, args }: Asked): Answer {
    connection.db.exec('SAVEPOINT job')
    try {
      const value = connection.run(workOf(job, args))
      connection.db.exec('RELEASE job')
      return { value }
    } catch (error) {
      const fault = faultOf(error)
      // The file is at fault, and not the job: then it is so for all.
      if (fault.kind !== 'wrong') throw fault
      connection.db.exec('ROLLBACK TO job; RELEASE job')
      return { fault }
    }
  }

  #open(): Connection {
    if (this.#inode !== undefined && this.#inode !== inodeOf(this.#path)) {
      this.#drop()
      throw new BooksFault(
        'gone',
        `${this.#path} is not the file any more that it was. Start the gateway anew to begin another.`,
      )
    }
    if (this.#connection !== undefined) return this.#connection
    const connection = new Connection(this.#path)
    try {
      upgrade(connection, this.#path)
    } catch (error) {
      connection.close()
      throw error
    }
    this.#inode = inodeOf(this.#path)
    return (this.#connection = connection)
  }

  #drop(): void {
    this.#connection?.close()
    this.#connection = undefined
  }
}

const inodeOf = (path: string): bigint | undefined => statSync(path, { bigint: true, throwIfNoEntry: false })?.ino
