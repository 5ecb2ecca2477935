import { readFileSync, renameSync, statSync, truncateSync } from 'node:fs'
import { beside } from './head.ts'
import { eachPage } from './pages.ts'
import { Connection } from './sqlite-connection.ts'
import { afterMoving, readSums, sumOf, writeSums, type MovedFrame, type Sums } from './sums.ts'
import { committed, frameHeaderBytes, headerBytes, readWal, type Wal } from './wal.ts'

/** So many frames wait in the log until they are moved; of a large file, more, since all of its fingerprints are written anew. */
const framesMax = 1_000

export const damagedFile = (path: string): string => `${sumsFile(path)}.damaged`

export const sumsFile = (path: string): string => beside(path, 'sums')

/**
 * Moves pages from the log into the file, and keeps account of them: every byte of the file is then known, and whatever else
 * changes one is found. Nobody else may move any, so a connection that is read only is the last to be closed: SQLite would
 * move what is left on its own.
 */
export class Seal {
  readonly #path: string
  readonly #mover: Connection
  readonly #guard: Connection
  /** So much of the log has been moved, and stands there as long as somebody reads what was before. */
  #movedBytes = 0

  /** Just after somebody has opened the file. */
  constructor(path: string) {
    this.#path = path
    this.#mover = new Connection(path)
    this.#guard = new Connection(path, { readOnly: true })
    // It keeps its hand on the file from its first look on.
    this.#guard.db.exec('SELECT 1 FROM sqlite_schema')
  }

  /** Whether so much waits in the log that it has to be moved. */
  isDue(): boolean {
    const bytes = statSync(`${this.#path}-wal`, { throwIfNoEntry: false })?.size ?? 0
    // It has begun anew.
    if (bytes < this.#movedBytes) this.#movedBytes = 0
    const pages = (statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0) / pageBytes
    return (bytes - this.#movedBytes) / pageBytes > Math.max(framesMax, pages / 64)
  }

  /** Nobody writes meanwhile, in no process. */
  move(writer: Connection): void {
    writer.db.exec('BEGIN IMMEDIATE')
    try {
      if (!this.#write()) return
      this.#mover.db.exec('PRAGMA wal_checkpoint(PASSIVE)')
      this.#movedBytes = statSync(`${this.#path}-wal`).size
    } finally {
      writer.db.exec('ROLLBACK')
    }
  }

  /** The last of the connections of its thread. */
  close(): void {
    this.#mover.close()
    this.#guard.close()
  }

  /** Writes down what the pages will be; false where there is nothing to move. */
  #write(): boolean {
    const file = sumsFile(this.#path)
    const bytes = readFileSync(`${this.#path}-wal`)
    const wal = readWal(bytes)
    const known = this.#known(file)
    if (wal === undefined) {
      if (known === undefined) writeSums(file, this.#begun())
      return false
    }
    const frames = committed(wal)
    // What a commit left that came to nothing, for want of room or of time: it is no part of anything.
    const end = headerBytes + frames.length * (frameHeaderBytes + wal.pageSize)
    if (bytes.length > end) truncateSync(`${this.#path}-wal`, end)
    const isSameRound = known?.salts === wal.salts
    if (isSameRound && known.moved.length === frames.length) return known.moved.length > 0
    const before = known ?? this.#begun()
    const moved = isSameRound ? [...before.moved] : []
    for (const { offset, page, sizeAfter } of frames.slice(moved.length)) {
      moved.push(movedOf(bytes, { offset, page, sizeAfter }, wal))
    }
    writeSums(file, { ...before, pages: isSameRound ? before.pages : afterMoving(before), salts: wal.salts, moved })
    return moved.length > 0
  }

  /** Fingerprints that are not what was written are put aside, where whoever verifies sees them. */
  #known(file: string): Sums | undefined {
    try {
      return readSums(file)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      renameSync(file, damagedFile(this.#path))
      return undefined
    }
  }

  /** The file as it is, where nobody has kept account of it so far. */
  #begun(): Sums {
    const sums: string[] = []
    eachPage(this.#path, pageBytes, (_, sum) => sums.push(sum))
    const pages = Buffer.from(sums.join(''), 'hex')
    return { since: Math.round(statSync(this.#path).mtimeMs), pageSize: pageBytes, pages, salts: '', moved: [] }
  }
}

/** What SQLite takes unless it is told otherwise. */
const pageBytes = 4_096

const movedOf = (bytes: Buffer, { offset, page, sizeAfter }: Wal['frames'][number], { pageSize }: Wal): MovedFrame => {
  const end = offset + frameHeaderBytes + pageSize
  return {
    page,
    sizeAfter,
    sum: sumOf(bytes.subarray(offset + frameHeaderBytes, end)),
    frameSum: sumOf(bytes.subarray(offset, end)),
  }
}
