import { Fault } from '../core/fault.ts'

/** Ollama gives up at the next one. */
const mostEqual = 30

/** It would do so anywhere and every time, so nobody should try again. */
export const repeatedItself = (): Fault =>
  new Fault('upstream-refused', 'The server stopped the answer because it repeated itself.', {
    status: 502,
    code: 'upstream_error',
  })

/** Counts equal pieces in a row, for servers that give up over them and then end a stream without a word. */
export class Repeats {
  #last = ''
  #count = 0

  see(piece: string): void {
    this.#count = piece === this.#last ? this.#count + 1 : 1
    this.#last = piece
  }

  /** What a stream that ends now without a word came to; undefined where it just broke. */
  get fault(): Fault | undefined {
    return this.#count >= mostEqual ? repeatedItself() : undefined
  }
}
