import type { TalkDialect, Watcher, WatchOptions } from '../core/dialect.ts'
import { Fault } from '../core/fault.ts'

/** More than this without the end of a frame is no stream that anybody reads. */
const tornMaxBytes = 16 * 1024 * 1024

/**
 * Lets whole frames through untouched and lets the dialect's watcher look at them.
 * A torn frame waits for its end: the caller never holds half of one, so a fault can still be told between two frames.
 */
export class Meter {
  readonly watcher: Watcher
  readonly #oneLine: boolean
  /** What has come of a frame that has no end yet, in pieces: to put it together with each of them would take for ever. */
  #torn: Uint8Array[] = []
  #tornBytes = 0

  constructor(dialect: TalkDialect, options: WatchOptions) {
    this.watcher = dialect.watcher(options)
    this.#oneLine = dialect.frameEnd === '\n'
  }

  /** What may go on of this chunk: the very same object when it holds whole frames and nothing is to be hidden. */
  pass(chunk: Uint8Array): Uint8Array | undefined {
    const whole = this.#oneLine ? chunk.lastIndexOf(10) + 1 : this.#blankLineIn(chunk)
    if (whole === chunk.length && this.#tornBytes === 0) return this.watcher.see(chunk)
    if (whole === 0) {
      this.#hold(chunk)
      return undefined
    }
    const frames = this.#released(chunk.subarray(0, whole))
    if (whole < chunk.length) this.#hold(chunk.subarray(whole))
    return this.watcher.see(frames)
  }

  /** Some servers leave out the blank line behind their last frame. */
  rest(): Uint8Array | undefined {
    return this.#tornBytes === 0 ? undefined : this.watcher.see(this.#released(nothing))
  }

  #hold(piece: Uint8Array): void {
    const torn = this.#torn
    this.#tornBytes += piece.length
    // As many small pieces as bytes would take a hundred times their memory: two that are alike become one.
    let last = piece
    while (torn.length > 0 && torn.at(-1)!.length <= last.length) last = Buffer.concat([torn.pop()!, last])
    torn.push(last)
    if (this.#tornBytes > tornMaxBytes) throw new Fault('upstream-broke', 'The server sent a frame without an end.')
  }

  #released(last: Uint8Array): Uint8Array {
    if (this.#tornBytes === 0) return last
    this.#torn.push(last)
    const whole = Buffer.concat(this.#torn)
    this.#torn = []
    this.#tornBytes = 0
    return whole
  }

  /** Index behind the last blank line, which may have begun in what came before. */
  #blankLineIn(chunk: Uint8Array): number {
    const within = lastBlankLine(chunk)
    if (within > 0 || this.#tornBytes === 0) return within
    const seam = Buffer.concat([...this.#tail(), chunk.subarray(0, breakMaxBytes - 1)])
    return Math.max(0, lastBlankLine(seam) - (seam.length - Math.min(chunk.length, breakMaxBytes - 1)))
  }

  /** The last bytes that are held, as many as a blank line can have. */
  #tail(): Uint8Array[] {
    const tail: Uint8Array[] = []
    let missing = breakMaxBytes - 1
    for (let at = this.#torn.length - 1; at >= 0 && missing > 0; at -= 1) {
      const piece = this.#torn[at]!
      tail.unshift(piece.subarray(-missing))
      missing -= piece.length
    }
    return tail
  }
}

const nothing = new Uint8Array(0)

/** `\r\n\r\n` */
const breakMaxBytes = 4

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
