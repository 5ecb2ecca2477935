import { hash, randomUUID } from 'node:crypto'
import { closeSync, existsSync, linkSync, openSync, readFileSync, unlinkSync, writeFileSync, writeSync } from 'node:fs'
import { numberIn } from './jobs/rows.ts'
import type { Connection } from './sqlite-connection.ts'

/** Where a chain ended when this was written: so many rows there have been, and the last had that hash. */
export interface Head {
  readonly seq: number
  readonly hash: string
}

/** `ledger.db` → `ledger.head` */
export const beside = (path: string, ending: string): string => `${path.replace(/\.db$/, '')}.${ending}`

export const headFile = (path: string): string => beside(path, 'head')

/** One sector of the disk: it is written as a whole. */
const bytesInAll = 512

/**
 * Notes outside the database how far the chain had come. It is written after each commit, so the database is never behind it:
 * where it is, its end was cut off.
 */
export class HeadNote {
  readonly #descriptor: number
  /** Of the last that this process wrote. */
  #last = -1

  constructor(path: string, head: Head) {
    const file = headFile(path)
    // It is never there without anything in it: an empty one is one that was emptied.
    if (!existsSync(file)) create(file, textOf(head))
    this.#descriptor = openSync(file, 'r+')
    this.write(head)
  }

  write(head: Head): void {
    if (head.seq === this.#last) return
    writeSync(this.#descriptor, textOf(head), 0)
    this.#last = head.seq
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}

/** Complete from the first moment on, and only if nobody else was faster. */
function create(file: string, text: string): void {
  const mine = `${file}.${randomUUID()}`
  // On the disk before it has its name: a power cut should not leave an empty one.
  writeFileSync(mine, text, { mode: 0o600, flush: true })
  try {
    linkSync(mine, file)
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error
  } finally {
    unlinkSync(mine)
  }
}

const textOf = (head: Head): string => {
  const body = JSON.stringify(head).padEnd(bytesInAll - 65)
  return `${body}${hash('sha256', body)}\n`
}

/** Undefined where nothing has been noted yet; it throws where it is not as it was written. */
export function readHead(path: string): Head | undefined {
  let text: string
  try {
    text = readFileSync(headFile(path), 'latin1')
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined
    throw error
  }
  const body = text.slice(0, bytesInAll - 65)
  if (text !== `${body}${hash('sha256', body)}\n`) throw new RangeError('does not fit its own checksum')
  return JSON.parse(body) as Head
}

/** Where the chain ends in the database. */
export function headIn(connection: Connection): Head {
  const [row] = connection.rows({ text: "SELECT seq, hash FROM chain WHERE name = 'requests'", values: [] })
  return { seq: numberIn(row, 'seq'), hash: String(row?.['hash']) }
}
