import { Fault } from '../core/fault.ts'
import { asBuffer } from './members.ts'

const feed = 0x0a
const back = 0x0d

/** The Go client of Ollama gives up beyond this, and nobody has seen more. */
const frameMaxBytes = 8 * 1024 * 1024

/**
 * Cuts a byte stream into frames, however the network cut it before: lines of NDJSON where a frame ends with one line
 * feed, blocks of SSE lines without their comments where it ends with a blank line. It works on bytes, because a line
 * feed never stands inside a character, and decodes whole lines only.
 */
export class Framer {
  readonly #oneLine: boolean
  readonly #maxBytes: number
  /** The pieces of a line that has no end yet. */
  #torn: Uint8Array[] = []
  #tornBytes = 0
  /** The lines of an SSE block that has no end yet. */
  #block = ''
  #atStart = true
  #swallowFeed = false

  constructor(frameEnd: string, maxBytes: number = frameMaxBytes) {
    this.#oneLine = frameEnd === '\n'
    this.#maxBytes = maxBytes
  }

  /** The frames that these bytes complete. */
  push(chunk: Uint8Array): string[] {
    const frames: string[] = []
    const bytes = asBuffer(this.#withFeeds(chunk))
    let from = 0
    for (;;) {
      const end = bytes.indexOf(feed, from)
      if (end < 0) break
      this.#line(this.#take(bytes, from, end), frames)
      from = end + 1
    }
    if (from < bytes.length) this.#hold(bytes.subarray(from))
    return frames
  }

  /** What is left when the stream has ended: some servers leave out the last line feed. */
  rest(): string[] {
    const frames: string[] = []
    if (this.#torn.length > 0) this.#line(this.#take(asBuffer(new Uint8Array(0)), 0, 0), frames)
    this.#line('', frames)
    return frames
  }

  #line(line: string, frames: string[]): void {
    if (this.#oneLine) {
      if (line.trim() !== '') frames.push(line)
    } else if (line === '') {
      if (this.#block !== '') frames.push(this.#block)
      this.#block = ''
    } else if (!line.startsWith(':')) {
      this.#block = this.#block === '' ? line : `${this.#block}\n${line}`
      if (this.#block.length > this.#maxBytes) throw tooLarge()
    }
  }

  #take(bytes: Buffer, from: number, end: number): string {
    if (this.#torn.length === 0) return this.#decode(bytes, from, end)
    this.#torn.push(bytes.subarray(from, end))
    const whole = Buffer.concat(this.#torn)
    this.#torn = []
    this.#tornBytes = 0
    return this.#decode(whole, 0, whole.length)
  }

  #decode(bytes: Buffer, from: number, end: number): string {
    const line = bytes.toString('utf8', from, end)
    if (!this.#atStart) return line
    this.#atStart = false
    return line.startsWith('\uFEFF') ? line.slice(1) : line
  }

  #hold(piece: Uint8Array): void {
    this.#torn.push(piece)
    this.#tornBytes += piece.length
    if (this.#tornBytes > this.#maxBytes) throw tooLarge()
  }

  /** SSE may end its lines with CR or CRLF as well; either becomes one line feed. */
  #withFeeds(chunk: Uint8Array): Uint8Array {
    if (this.#oneLine || (!this.#swallowFeed && !chunk.includes(back))) return chunk
    const out = new Uint8Array(chunk.length)
    let size = 0
    for (const byte of chunk) {
      if (byte !== feed || !this.#swallowFeed) out[size++] = byte === back ? feed : byte
      this.#swallowFeed = byte === back
    }
    return out.subarray(0, size)
  }
}

const tooLarge = (): Fault => new Fault('upstream-broke', 'The server sent a frame without an end.')
