import type { TalkDialect, Watcher, WatchOptions } from '../core/dialect.ts'
import { Fault } from '../core/fault.ts'

/**
 * More than this without the end of a frame is no stream that anybody reads: the Go client of Ollama gives up there. Far
 * less would do for words, not for a picture in one line.
 */
const tornMaxBytes = 8 * 1024 * 1024

/** What holding one more piece costs besides its bytes, so that a drip of single bytes is bounded as well. */
const pieceBytes = 96

/** A blank line is at most two ends of lines of two bytes; so many may stand in what came before. */
const endBytes = 3

const empty = new Uint8Array(0)
const none: Uint8Array[] = []

/**
 * Lets whole frames through untouched and lets the dialect's watcher look at them.
 * A torn frame waits for its end: the caller never holds half of one, so a fault can still be told between two frames.
 */
export class Meter {
  readonly watcher: Watcher
  readonly #oneLine: boolean
  /** Of a frame without its end, what has come so far: in pieces, or each would be copied as often as others follow. */
  #torn: Uint8Array[] = none
  #tornBytes = 0

  constructor(dialect: TalkDialect, options: WatchOptions) {
    this.watcher = dialect.watcher(options)
    this.#oneLine = dialect.frameEnd === '\n'
  }

  /** What may go on of this chunk: the very same object when it holds whole frames and nothing is to be hidden. */
  pass(chunk: Uint8Array): Uint8Array | undefined {
    if (this.#tornBytes > 0 && !this.#endsTorn(chunk)) {
      this.#hold(chunk)
      return undefined
    }
    const bytes = this.#taken(chunk)
    const whole = this.#oneLine ? bytes.lastIndexOf(10) + 1 : lastBlankLine(bytes)
    if (whole < bytes.length) this.#hold(bytes.subarray(whole))
    return whole === 0 ? undefined : this.watcher.see(whole === bytes.length ? bytes : bytes.subarray(0, whole))
  }

  /** Some servers leave out the blank line behind their last frame. */
  rest(): Uint8Array | undefined {
    return this.#tornBytes === 0 ? undefined : this.watcher.see(this.#taken(empty))
  }

  /** Whether the end of a frame is in this chunk, or begins in what is torn and ends in it. */
  #endsTorn(chunk: Uint8Array): boolean {
    if (this.#oneLine) return chunk.includes(10)
    if (!chunk.includes(10) && !chunk.includes(13)) return false
    const before = lastBytes(this.#torn, endBytes)
    return lastBlankLine(before.length === 0 ? chunk : Buffer.concat([before, chunk])) > 0
  }

  #hold(piece: Uint8Array): void {
    if (this.#torn === none) this.#torn = [piece]
    else this.#torn.push(piece)
    this.#tornBytes += piece.length + pieceBytes
    if (this.#tornBytes > tornMaxBytes) throw new Fault('upstream-broke', 'The server sent a frame without an end.')
  }

  /** What is torn, with this behind it. */
  #taken(chunk: Uint8Array): Uint8Array {
    if (this.#tornBytes === 0) return chunk
    const torn = this.#torn
    this.#torn = none
    this.#tornBytes = 0
    torn.push(chunk)
    return Buffer.concat(torn)
  }
}

function lastBytes(pieces: readonly Uint8Array[], count: number): Uint8Array {
  const last = pieces.at(-1)!
  if (last.length >= count || pieces.length === 1) return last.subarray(-count)
  return Buffer.concat(pieces.slice(-count)).subarray(-count)
}

/** Index behind the last blank line: `\n\n`, `\r\n\r\n` or `\r\r`; 0 when there is none. Each byte is looked at once. */
function lastBlankLine(bytes: Uint8Array): number {
  // Nearly always it is the end.
  if (bytes.length > 1 && bytes[bytes.length - 1] === 10 && bytes[bytes.length - 2] === 10) return bytes.length
  let feed = bytes.lastIndexOf(10)
  let back = bytes.lastIndexOf(13)
  for (let at = Math.max(feed, back); at > 0; at = Math.max(feed, back)) {
    const before = bytes[at - 1]
    if (at === feed) {
      if (before === 10 || (before === 13 && at > 1 && isBreak(bytes[at - 2]))) return at + 1
      feed = bytes.lastIndexOf(10, at - 1)
    } else {
      if (before === 13) return at + 1
      back = bytes.lastIndexOf(13, at - 1)
    }
  }
  return 0
}

const isBreak = (byte: number | undefined): boolean => byte === 10 || byte === 13
