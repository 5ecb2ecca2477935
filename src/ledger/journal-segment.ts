import { closeSync, constants, fdatasync, openSync, rmSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Brings what was written to a file to the disk. */
export type ToDisk = (fd: number) => Promise<void>

const datasync: ToDisk = promisify(fdatasync)

const segmentName = (number: number): string => `${String(number).padStart(8, '0')}.log`

/** Undefined for another file. */
export const segmentNumber = (name: string): number | undefined =>
  /^\d{8,}\.log$/.test(name) ? Number.parseInt(name, 10) : undefined

/** One file of the journal. It is filled from its beginning, and what lies behind the last record is zeros. */
export class Segment {
  readonly number: number
  readonly path: string
  /** As the system numbers what is open. */
  readonly file: number
  /** So much of it is there for the taking: no disk that is full gets in the way. */
  readonly reservedBytes: number
  #end = 0
  #syncing: Promise<void> = Promise.resolve()
  #closed: Promise<void> | undefined

  private constructor(folder: string, number: number, reservedBytes: number) {
    this.number = number
    this.path = join(folder, segmentName(number))
    this.file = openSync(this.path, constants.O_RDWR | constants.O_CREAT, 0o600)
    this.reservedBytes = reservedBytes
  }

  /** Rejects where there is no room for it, and leaves nothing behind. */
  static async reserve(folder: string, number: number, bytes: number): Promise<Segment> {
    const path = join(folder, segmentName(number))
    try {
      await fill(path, bytes)
      await syncFolder(folder)
      return new Segment(folder, number, bytes)
    } catch (error) {
      rmSync(path, { force: true })
      throw error
    }
  }

  /** One that nothing is reserved for, where there was no time for that. */
  static improvise(folder: string, number: number): Segment {
    return new Segment(folder, number, 0)
  }

  /** Where the next record goes. */
  get end(): number {
    return this.#end
  }

  /** What is reserved and not used. */
  get leftBytes(): number {
    return Math.max(0, this.reservedBytes - this.#end)
  }

  /** It is the system's when this returns, and so outlives this process. Throws where it could not be written whole. */
  append(frame: Buffer): void {
    const written = writeSync(this.file, frame, 0, frame.length, this.#end)
    if (written < frame.length) throw Object.assign(new Error('It was written in part.'), { code: 'ENOSPC' })
    this.#end += frame.length
  }

  /** What was written by now outlives the machine when it resolves. */
  sync(toDisk: ToDisk = datasync): Promise<void> {
    const syncing = toDisk(this.file)
    this.#syncing = syncing.catch(() => {})
    return syncing
  }

  delete(): Promise<void> {
    rmSync(this.path, { force: true })
    return this.close()
  }

  close(): Promise<void> {
    // The number of an open file may be another file's as soon as it is given back.
    this.#closed ??= this.#syncing.then(() => closeSync(this.file))
    return this.#closed
  }
}

const chunkBytes = 1024 * 1024

async function fill(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    const zeros = Buffer.alloc(Math.min(bytes, chunkBytes))
    for (let left = bytes; left > 0;) left -= (await file.write(zeros, 0, Math.min(left, zeros.length))).bytesWritten
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** A file outlives the machine only together with its name. */
async function syncFolder(folder: string): Promise<void> {
  const file = await open(folder, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
