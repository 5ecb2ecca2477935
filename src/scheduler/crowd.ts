import type { Ask } from '../core/ask.ts'
import { Shedding } from './shedding.ts'
import { firstTry } from './situation.ts'
import type { Waiting } from './waiting.ts'

/** Everybody who waits, for whatever it is. */
export class Crowd {
  readonly #all = new Set<Waiting>()
  /** By their callers' signals; where several have one, the last that came. */
  readonly #bySignal = new Map<AbortSignal, Waiting>()
  readonly #shedding = new Shedding<Waiting>()

  get size(): number {
    return this.#all.size
  }

  /** The longest first. */
  [Symbol.iterator](): Iterator<Waiting> {
    return this.#all.values()
  }

  /** A layer may have passed on a copy of the ask; the signal stays the same. */
  find({ signal }: Ask): Waiting | undefined {
    return this.#bySignal.get(signal)
  }

  enter(waiting: Waiting): void {
    this.#all.add(waiting)
    this.#bySignal.set(waiting.ask.signal, waiting)
    // Whom a server let down has had its turn, and is not sent off.
    if (waiting.avoid === firstTry) this.#shedding.enter(waiting)
  }

  leave(waiting: Waiting): void {
    this.#all.delete(waiting)
    this.#bySignal.delete(waiting.ask.signal)
    this.#shedding.leave(waiting)
  }

  /** How many wait, and who would leave for this one where no more may. */
  roomFor(ask: Ask, queueMax: number): { waiting: number; queueMax: number; leaves: Waiting | undefined } {
    const waiting = this.size
    return { waiting, queueMax, leaves: waiting >= queueMax ? this.#shedding.whoLeavesFor(ask) : undefined }
  }
}
