import type { TalkDialect, Watcher, WatchOptions } from '../core/dialect.ts'
import { Fault } from '../core/fault.ts'

/** More than this without the end of a frame is no stream that anybody reads. */
const tornMaxBytes = 16 * 1024 * 1024

const empty = new Uint8Array(0)

/**
 * Lets whole frames through untouched and lets the dialect's watcher look at them.
 * A torn frame waits for its end: the caller never holds half of one, so a fault can still be told between two frames.
 */
export class Meter {
  readonly watcher: Watcher
  readonly #oneLine: boolean
  #torn: Uint8Array = empty

  constructor(dialect: TalkDialect, options: WatchOptions) {
    this.watcher = dialect.watcher(options)
    this.#oneLine = dialect.frameEnd === '\n'
  }

  /** What may go on of this chunk: the very same object when it holds whole frames and nothing is to be hidden. */
  pass(chunk: Uint8Array): Uint8Array | undefined {
    const bytes = this.#torn.length === 0 ? chunk : Buffer.concat([this.#torn, chunk])
    const whole = this.#oneLine ? bytes.lastIndexOf(10) + 1 : lastBlankLine(bytes)
    if (whole === bytes.length) {
      this.#torn = empty
      return this.watcher.see(bytes)
    }
    if (bytes.length - whole > tornMaxBytes)
      throw new Fault('upstream-broke', 'The server sent a frame without an end.')
    this.#torn = bytes.subarray(whole)
    return whole === 0 ? undefined : this.watcher.see(bytes.subarray(0, whole))
  }

  /** Some servers leave out the blank line behind their last frame. */
  rest(): Uint8Array | undefined {
    if (this.#torn.length === 0) return undefined
    const rest = this.#torn
    this.#torn = empty
    return this.watcher.see(rest)
  }
}

/** Index behind the last blank line: `\n\n`, `\r\n\r\n` or `\r\r`; 0 when there is none. */
function lastBlankLine(bytes: Uint8Array): number {
  for (let at = bytes.length - 1; at > 0; at -= 1) {
    const byte = bytes[at]
    if (byte !== 10 && byte !== 13) {
      // Inside a line: jump to where the line before it ended.
      const feed = bytes.lastIndexOf(10, at)
      const back = bytes.lastIndexOf(13, at)
      at = Math.max(feed, back) + 1
      if (at <= 1) return 0
      continue
    }
    const before = bytes[at - 1]
    if (byte === 10 && (before === 10 || (before === 13 && at > 1 && isBreak(bytes[at - 2])))) return at + 1
    if (byte === 13 && before === 13) return at + 1
  }
  return 0
}

const isBreak = (byte: number | undefined): boolean => byte === 10 || byte === 13
