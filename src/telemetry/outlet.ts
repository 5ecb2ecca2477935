import { write as writeTo, writeSync } from 'node:fs'
import { Gathering } from '../core/gathering.ts'
import { standStill } from '../core/stand-still.ts'

/** What may wait to be written. Beyond it, lines are dropped: a log is worth less than a service. */
const waitingMaxBytes = 1024 * 1024
/** To write takes another thread, whose waking costs more than the lines: those of so long go together. */
const gatherMs = 20
/** How long after a failed write the next one is tried. */
const restMs = 250

type Write = (bytes: Buffer, done: (error: NodeJS.ErrnoException | null, written: number) => void) => void

export interface OutletOptions {
  /** Writes some of the bytes, and says how many. */
  readonly write?: Write
  readonly writeAtOnce?: (bytes: Buffer) => number
  readonly waitingMaxBytes?: number
  readonly restMs?: number
  readonly gatherMs?: number
}

/**
 * Where lines leave the process. It never waits for whoever reads them, and nothing that goes wrong with it ends anything:
 * a pipe that nobody empties and a disk that is full cost the lines that find no room, and those are counted.
 */
export class Outlet {
  readonly #write: Write
  readonly #writeAtOnce: (bytes: Buffer) => number
  readonly #waitingMaxBytes: number
  readonly #restMs: number
  readonly #gatherMs: number
  /** What is being written, and behind it whole lines. */
  #now: Buffer | undefined
  readonly #waiting = new Gathering()
  #waitingBytes = 0
  #dropped = 0
  /** Some of a line is out. */
  #isTorn = false
  #begunAt = -Infinity
  #isGathering = false
  /** When the system was given what it has not taken yet. */
  #givenAt: number | undefined

  constructor(fd: number, options: OutletOptions = {}) {
    this.#write = options.write ?? ((bytes, done) => writeTo(fd, bytes, 0, bytes.length, null, done))
    this.#writeAtOnce = options.writeAtOnce ?? ((bytes) => writeSync(fd, bytes))
    this.#waitingMaxBytes = options.waitingMaxBytes ?? waitingMaxBytes
    this.#restMs = options.restMs ?? restMs
    this.#gatherMs = options.gatherMs ?? gatherMs
    process.on('exit', this.#flush)
  }

  /** Lines that were never written. */
  get dropped(): number {
    return this.#dropped
  }

  /** Takes whole lines. */
  readonly write = (lines: string | Buffer): void => {
    const bytes = typeof lines === 'string' ? Buffer.from(lines) : lines
    if (this.#waitingBytes + bytes.length > this.#waitingMaxBytes) {
      this.#dropped += linesIn(bytes)
      return
    }
    this.#waiting.add(bytes)
    this.#waitingBytes += bytes.length
    if (this.#now === undefined && !this.#isGathering) this.#next()
  }

  #next(): void {
    this.#now = undefined
    if (this.#waiting.length === 0) return
    const inMs = this.#begunAt + this.#gatherMs - performance.now()
    if (inMs > 0) {
      this.#isGathering = true
      setTimeout(this.#onGathered, inMs).unref()
      return
    }
    this.#begin(this.#waiting.take())
  }

  readonly #onGathered = (): void => {
    this.#isGathering = false
    this.#next()
  }

  #begin(bytes: Buffer): void {
    this.#now = bytes
    this.#givenAt = performance.now()
    this.#begunAt = this.#givenAt
    this.#write(bytes, this.#onWritten)
  }

  readonly #onWritten = (error: NodeJS.ErrnoException | null, written: number): void => {
    const bytes = this.#now!
    this.#givenAt = undefined
    if (error === null) {
      this.#waitingBytes -= written
      const rest = bytes.subarray(written)
      this.#isTorn = rest.length > 0 && bytes[written - 1] !== feed
      if (rest.length === 0) {
        this.#waiting.giveBack(bytes)
        this.#next()
      } else this.#begin(rest)
      return
    }
    // A pipe that is full is read again some day; a disk that is full, or a reader who has gone, has lost these lines.
    const keeps = error.code === 'EAGAIN' || error.code === 'EINTR'
    if (!keeps) this.#drop(bytes)
    setTimeout(() => (keeps ? this.#begin(bytes) : this.#next()), this.#restMs).unref()
  }

  #drop(bytes: Buffer): void {
    this.#waitingBytes -= bytes.length
    this.#dropped += linesIn(bytes)
    // What comes next begins a line of its own.
    if (!this.#isTorn) return
    this.#isTorn = false
    const later = this.#waiting.take()
    this.#waiting.add('\n')
    this.#waiting.add(later)
    this.#waitingBytes += 1
  }

  /** The last words, if anybody takes them. */
  readonly #flush = (): void => {
    const given = this.#givenAt
    const isStuck = given !== undefined && performance.now() - given > stuckMs
    if (given !== undefined && !isStuck) standStill(lastMs)
    const own = given === undefined && this.#now !== undefined ? [this.#now] : []
    const rest = Buffer.concat([...own, this.#waiting.take()])
    try {
      if (isStuck) throw new Error('Nobody reads it.')
      for (let at = 0; at < rest.length;) at += this.#writeAtOnce(rest.subarray(at))
    } catch {
      this.#dropped += linesIn(rest)
    }
  }
}

/** Who has not taken it for so long will not take the last words either. */
const stuckMs = 1_000
/** What another thread needs to write what it was given. */
const lastMs = 20

function linesIn(bytes: Buffer): number {
  let lines = 0
  for (let at = bytes.indexOf(feed); at !== -1; at = bytes.indexOf(feed, at + 1)) lines += 1
  return lines
}

const feed = 0x0a
