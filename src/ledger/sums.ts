import { hash } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Fingerprints of all pages of the ledger's file. Whoever moves pages from the log into the file writes down first what they
 * will be: so a page is as it was, or as it is written here to become.
 */
export interface Sums {
  /** Since when the pages are watched. */
  readonly since: number
  readonly pageSize: number
  /** A fingerprint of eight bytes for each page, from the first on; only zeros for a page that was never written. */
  readonly pages: Buffer
  /** The round of the log that is being moved. */
  readonly salts: string
  /** All frames of it, in their order. */
  readonly moved: readonly MovedFrame[]
}

export interface MovedFrame {
  readonly page: number
  readonly sizeAfter: number
  /** Of the page. */
  readonly sum: string
  /** Of the whole frame. */
  readonly frameSum: string
}

export const sumBytes = 8

/** Eight bytes, in hexadecimal. */
export const sumOf = (bytes: Uint8Array): string => hash('sha256', bytes).slice(0, 2 * sumBytes)

interface Head {
  readonly form: 1
  readonly since: number
  readonly pageSize: number
  readonly pages: number
  readonly salts: string
  readonly moved: number
}

const movedBytes = 4 + 4 + 2 * sumBytes
const ownSumBytes = 32

/** Undefined where there is no such file; it throws where it is not as it was written. */
export function readSums(file: string): Sums | undefined {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined
    throw error
  }
  const body = bytes.subarray(0, -ownSumBytes)
  if (bytes.length <= ownSumBytes || hash('sha256', body, 'buffer').compare(bytes, body.length) !== 0)
    throw new RangeError('does not fit its own checksum')
  const headEnd = body.indexOf('\n') + 1
  const { since, pageSize, pages, salts, moved } = JSON.parse(body.toString('utf8', 0, headEnd)) as Head
  const movedAt = headEnd + pages * sumBytes
  return {
    since,
    pageSize,
    pages: body.subarray(headEnd, movedAt),
    salts,
    moved: Array.from({ length: moved }, (_, i) => movedIn(body, movedAt + i * movedBytes)),
  }
}

const movedIn = (bytes: Buffer, at: number): MovedFrame => ({
  page: bytes.readUInt32BE(at),
  sizeAfter: bytes.readUInt32BE(at + 4),
  sum: bytes.toString('hex', at + 8, at + 8 + sumBytes),
  frameSum: bytes.toString('hex', at + 8 + sumBytes, at + movedBytes),
})

/** On the disk when it returns, in the place of what was there. */
export function writeSums(file: string, { since, pageSize, pages, salts, moved }: Sums): void {
  const head: Head = { form: 1, since, pageSize, pages: pages.length / sumBytes, salts, moved: moved.length }
  const list = Buffer.alloc(moved.length * movedBytes)
  for (const [i, frame] of moved.entries()) {
    list.writeUInt32BE(frame.page, i * movedBytes)
    list.writeUInt32BE(frame.sizeAfter, i * movedBytes + 4)
    list.write(frame.sum + frame.frameSum, i * movedBytes + 8, 'hex')
  }
  const body = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), pages, list])
  const unfinished = `${file}.unfinished`
  const descriptor = openSync(unfinished, 'w', 0o600)
  try {
    writeSync(descriptor, Buffer.concat([body, hash('sha256', body, 'buffer')]))
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(unfinished, file)
  syncFolder(dirname(file))
}

/** So that a name in it is on the disk too. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}

/** What the pages are once all of these frames have been moved. */
export function afterMoving({ pages, moved }: Pick<Sums, 'pages' | 'moved'>): Buffer {
  const size = moved.findLast(({ sizeAfter }) => sizeAfter !== 0)?.sizeAfter ?? pages.length / sumBytes
  const after = Buffer.alloc(size * sumBytes)
  pages.copy(after)
  for (const { page, sum } of moved) if (page <= size) after.write(sum, (page - 1) * sumBytes, 'hex')
  return after
}
