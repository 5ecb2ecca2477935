import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { sumOf } from './sums.ts'

const atOnce = 256

/** Calls with the fingerprint of each page of a file, from the first on. Tells how many there are; a part of one counts. */
export function eachPage(
  path: string,
  pageSize: number,
  see: (page: number, sum: string, bytes: Buffer) => void,
): number {
  const descriptor = openSync(path, 'r')
  try {
    const buffer = Buffer.alloc(atOnce * pageSize)
    const pages = fstatSync(descriptor).size / pageSize
    for (let first = 0; first < pages; first += atOnce) {
      const length = readSync(descriptor, buffer, 0, buffer.length, first * pageSize)
      for (let at = 0; at < length; at += pageSize) {
        const bytes = buffer.subarray(at, Math.min(at + pageSize, length))
        see(first + at / pageSize + 1, sumOf(bytes), bytes)
      }
    }
    return pages
  } finally {
    closeSync(descriptor)
  }
}
