import { statSync } from 'node:fs'
import { BooksFault } from './books.ts'
import { HeadNote, headFile, headIn, readHead, type Head } from './head.ts'
import { readingJobs, workOf, type JobName } from './jobs/index.ts'
import { Seal } from './seal.ts'
import { Connection } from './sqlite-connection.ts'
import { faultOf, needsReopening } from './sqlite-faults.ts'
import { upgrade } from './sqlite-upgrade.ts'

/** A job as it crosses from one thread to the other. */
export interface Asked {
  readonly job: JobName
  readonly args: readonly unknown[]
}

export type Answer = { readonly value: unknown } | { readonly fault: BooksFault }

/** All that is open as long as the file is. */
interface Opened {
  readonly connection: Connection
  readonly seal: Seal
  readonly note: HeadNote
}

/** The books in a file of SQLite, in the thread that calls it. */
export class SqliteFile {
  readonly #path: string
  readonly #isNew: boolean
  #opened: Opened | undefined
  /** Which file it is: another one in its place is not our ledger. */
  #inode: bigint | undefined

  /** One that is not new has been seen by this process: if it is not there, it was taken away. */
  constructor(path: string, { isNew = true } = {}) {
    this.#path = path
    this.#isNew = isNew
  }

  /** Does jobs in one transaction. One that fails takes nothing with it; when the commit fails, all do. */
  answer(asked: readonly Asked[]): readonly Answer[] {
    try {
      const { connection, note } = this.#open()
      const writes = asked.some(({ job }) => !readingJobs.has(job))
      let head: Head | undefined
      const answers = connection.transaction(
        () => {
          const all = asked.map((one) => tried(connection, one))
          head = headIn(connection)
          return all
        },
        { writes },
      )
      if (writes && head !== undefined) note.write(head)
      return answers
    } catch (error) {
      const fault = faultOf(error)
      if (needsReopening(fault)) this.#drop()
      // What it wrote before there was no room any more should not stay.
      else if (fault.kind === 'full' && this.#opened !== undefined) moveQuietly(this.#opened)
      return asked.map(() => ({ fault }))
    }
  }

  /** What need not be done before the answers are heard. */
  tend(): void {
    if (this.#opened?.seal.isDue() === true) moveQuietly(this.#opened)
  }

  close(): void {
    this.#drop()
  }

  #open(): Opened {
    if (!this.#isThere()) {
      this.#drop()
      const text = `${this.#path} is not the file any more that it was. To begin another, start the gateway anew.`
      throw new BooksFault('gone', text)
    }
    if (this.#opened !== undefined) return this.#opened
    const connection = new Connection(this.#path)
    try {
      upgrade(connection, this.#path)
      refuseShortened(this.#path, connection)
      this.#opened = { connection, seal: new Seal(this.#path), note: new HeadNote(this.#path, headIn(connection)) }
    } catch (error) {
      connection.close()
      throw error
    }
    this.#inode = inodeOf(this.#path)
    moveQuietly(this.#opened)
    return this.#opened
  }

  #isThere(): boolean {
    const inode = inodeOf(this.#path)
    return this.#inode === undefined ? this.#isNew || inode !== undefined : inode === this.#inode
  }

  #drop(): void {
    const opened = this.#opened
    if (opened === undefined) return
    this.#opened = undefined
    if (this.#isThere()) moveQuietly(opened)
    opened.note.close()
    opened.connection.close()
    opened.seal.close()
  }
}

/** What cannot be moved is as safe in the log as in the file, and waits there. */
function moveQuietly({ seal, connection }: Opened): void {
  try {
    seal.move(connection)
  } catch {
    // Whoever is due next tries again.
  }
}

function tried(connection: Connection, { job, args }: Asked): Answer {
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

/** What was once told to be on the disk and is not there any more was taken away: budgets would begin anew. */
function refuseShortened(path: string, connection: Connection): void {
  // In this order: another process may be writing.
  const noted = notedHead(path)
  const { seq } = headIn(connection)
  if (noted === undefined || noted.seq <= seq) return
  throw new BooksFault(
    'corrupt',
    `${path} ends with row ${seq}, but row ${noted.seq} was written once: it is an older copy, or its end was cut off. ` +
      `To go on with what is there, remove ${headFile(path)}.`,
  )
}

function notedHead(path: string): Head | undefined {
  try {
    return readHead(path)
  } catch (cause) {
    const text = `${headFile(path)} ${(cause as Error).message}. Look with: spillway ledger verify.`
    throw new BooksFault('corrupt', text, { cause })
  }
}

const inodeOf = (path: string): bigint | undefined => statSync(path, { bigint: true, throwIfNoEntry: false })?.ino
