import { type Framed, longestBytes, recordAt } from './journal-frame.ts'

/** Bytes of a segment, wherever they come from: fewer than were asked for where there are no more. */
export interface Bytes {
  read(offset: number, mostBytes: number): Buffer
}

const chunkBytes = 64 * 1024

/** The records from an offset on, with where each of them ends. What was cut off by a crash ends them. */
export function* recordsFrom(bytes: Bytes, offset: number): Generator<Framed, void> {
  let base = offset
  let chunk = bytes.read(base, chunkBytes)
  let at = 0
  for (;;) {
    const record = recordAt(chunk, at)
    if (record !== undefined) {
      at = record.end
      yield { text: record.text, end: base + at }
      continue
    }
    // Perhaps only the chunk ends here, or it is longer than a chunk.
    const rest = bytes.read(base + at, at === 0 ? longestBytes : chunkBytes)
    if (rest.length <= chunk.length - at) return
    base += at
    chunk = rest
    at = 0
  }
}
