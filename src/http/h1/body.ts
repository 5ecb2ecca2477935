import type { NetFault } from '../../core/world.ts'

/** Beyond this the socket is no longer read, and TCP tells the server to wait. */
const heldMaxBytes = 64 * 1024
/** What holding one more piece costs besides its bytes, so that a drip of single bytes is bounded as well. */
const pieceBytes = 96

/** Where a body comes from: told to go on, or that nobody wants the rest. */
export interface Source {
  resume(): void
  drop(): void
}

type Step = IteratorResult<Uint8Array, undefined>

const end: Step = { done: true, value: undefined }

/**
 * What has arrived of a body and waits to be read. Written by hand rather than as a generator: one promise and one
 * result per step is all that a frame costs, and what arrived while the reader was busy is handed over in one piece.
 */
export class Body implements AsyncIterableIterator<Uint8Array, undefined> {
  #source: Source | undefined
  #held: Uint8Array[] | undefined
  #heldBytes = 0
  #paused = false
  #fault: NetFault | undefined
  #resolve: ((step: Step) => void) | undefined
  #reject: ((fault: unknown) => void) | undefined
  readonly #wait = (resolve: (step: Step) => void, reject: (fault: unknown) => void): void => {
    this.#resolve = resolve
    this.#reject = reject
  }

  constructor(source: Source | undefined) {
    this.#source = source
  }

  /** Takes what arrived. False asks the source to stop until it is told to resume. */
  push(bytes: Uint8Array): boolean {
    const resolve = this.#resolve
    if (resolve !== undefined) {
      this.#resolve = undefined
      this.#reject = undefined
      resolve({ done: false, value: bytes })
      return true
    }
    if (this.#held === undefined) this.#held = [bytes]
    else this.#held.push(bytes)
    this.#heldBytes += bytes.length + pieceBytes
    if (this.#heldBytes < heldMaxBytes) return true
    this.#paused = true
    return false
  }

  /** The transfer is over: whole, or broken by a fault that the reader meets behind what had arrived. */
  close(fault?: NetFault): void {
    this.#source = undefined
    this.#paused = false
    const resolve = this.#resolve
    if (resolve === undefined) {
      this.#fault = fault
      return
    }
    const reject = this.#reject!
    this.#resolve = undefined
    this.#reject = undefined
    if (fault === undefined) resolve(end)
    else reject(fault)
  }

  /** As `close`, but what had arrived is no longer wanted either. */
  abort(fault: NetFault): void {
    this.#held = undefined
    this.close(fault)
  }

  next(): Promise<Step> {
    const held = this.#held
    if (held !== undefined) {
      this.#held = undefined
      this.#heldBytes = 0
      if (this.#paused) {
        this.#paused = false
        this.#source?.resume()
      }
      return Promise.resolve({ done: false, value: held.length === 1 ? held[0]! : Buffer.concat(held) })
    }
    if (this.#source === undefined) {
      const fault = this.#fault
      if (fault === undefined) return Promise.resolve(end)
      this.#fault = undefined
      return Promise.reject(fault)
    }
    if (this.#resolve !== undefined)
      return Promise.reject(new TypeError('The last step of this body is still awaited.'))
    return new Promise(this.#wait)
  }

  return(): Promise<Step> {
    this.#held = undefined
    this.#fault = undefined
    this.#source?.drop()
    return Promise.resolve(end)
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
