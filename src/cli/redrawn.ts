import { stripVTControlCharacters } from 'node:util'

interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** Not more often than eyes can follow. */
const everyMs = 100

/** One line of a terminal that is drawn again and again, and lines that stay above it. Where there is no terminal, only those. */
export class Redrawn {
  readonly #out: Terminal
  #isDrawn = false
  #drawnAt = -Infinity

  constructor(out: Terminal) {
    this.#out = out
  }

  get isLive(): boolean {
    return this.#out.isTTY === true
  }

  draw(text: string, now: number): void {
    if (!this.isLive || now - this.#drawnAt < everyMs) return
    this.#drawnAt = now
    const plain = stripVTControlCharacters(text).slice(0, (this.#out.columns ?? 80) - 1)
    this.#out.write(`\r${plain}\u001B[K`)
    this.#isDrawn = true
  }

  /** A line that stays. */
  say(text: string): void {
    this.clear()
    this.#out.write(`${text}\n`)
    this.#drawnAt = -Infinity
  }

  /** Leaves the terminal as it was. */
  clear(): void {
    if (this.#isDrawn) this.#out.write('\r\u001B[K')
    this.#isDrawn = false
  }
}
