import { crc32 } from 'node:zlib'

/**
 * How a record lies in the journal: its length, a checksum, its text. What was cut off half way by a crash, or never written,
 * has no length or a wrong checksum, and is where the journal ends.
 */

const headBytes = 8

/** Nothing that we write is as long; a length beyond it is no length. */
export const longestBytes: number = 4 * 1024 * 1024

/** Puts records into bytes. The bytes are good until the next record. */
export class Framer {
  #buffer = Buffer.allocUnsafe(64 * 1024)

  frame(text: string): Buffer {
    const most = headBytes + text.length * 3
    if (most > this.#buffer.length) this.#buffer = Buffer.allocUnsafe(most)
    const buffer = this.#buffer
    const length = buffer.write(text, headBytes)
    const whole = buffer.subarray(0, headBytes + length)
    whole.writeUInt32LE(length, 0)
    whole.writeUInt32LE(crc32(whole.subarray(headBytes)), 4)
    return whole
  }
}

export interface Framed {
  readonly text: string
  /** Where the next record begins. */
  readonly end: number
}

/** The record that begins there; undefined where none does, or not all of it is there. */
export function recordAt(bytes: Buffer, offset: number): Framed | undefined {
  const begin = offset + headBytes
  if (begin > bytes.length) return undefined
  const length = bytes.readUInt32LE(offset)
  const end = begin + length
  if (length === 0 || length > longestBytes || end > bytes.length) return undefined
  const body = bytes.subarray(begin, end)
  return crc32(body) === bytes.readUInt32LE(offset + 4) ? { text: body.toString(), end } : undefined
}
