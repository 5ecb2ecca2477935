import type { World } from '../core/world.ts'
import type { Offering } from '../fleet/offering.ts'
import { Alarm } from './alarm.ts'
import { Heap } from './heap.ts'
import { restsUntilOf } from './room.ts'
import type { Waiting } from './waiting.ts'

export interface WakesParts {
  readonly world: World
  /** Something may be free that gave no sign. */
  readonly onLook: () => void
  readonly onWake: (waiting: Waiting, now: number) => void
}

/** So many are looked at in a millisecond. */
const lookedAtPerMs = 20

/** Of two who look at the same place one may find it slow and the other well, again and again: no sooner than this. */
const wellAgainMs = 20

/** When to look again though nothing has happened: at one who waits, or at all. One timer for whatever comes first. */
export class Wakes {
  readonly #parts: WakesParts
  readonly #byTime = new Heap<Waiting>((one, other) => one.wakeAt < other.wakeAt)
  readonly #alarm: Alarm
  #lookAt = Infinity
  #wellAt = -Infinity

  constructor(parts: WakesParts) {
    this.#parts = parts
    this.#alarm = new Alarm(parts.world, () => this.#ring())
  }

  /** Wakes one who waits by then, and no later than its patience ends. */
  wake(waiting: Waiting, at: number): void {
    waiting.wakeAt = Math.min(at, waiting.deadline)
    if (this.#byTime.has(waiting)) this.#byTime.moved(waiting)
    else this.#byTime.push(waiting)
    this.#alarm.by(this.#byTime.first!.wakeAt)
  }

  /** All of these are looked at soon, one after the other: thousands at once would keep everybody waiting for it. */
  soon(waitings: Iterable<Waiting>, from: number): void {
    let by = from
    for (const waiting of waitings) this.wake(waiting, Math.min(waiting.wakeAt, (by += 1 / lookedAtPerMs)))
  }

  forget(waiting: Waiting): void {
    this.#byTime.remove(waiting)
  }

  /** A server that rests gives no sign when it has rested: it must be looked at by then, unless another finds it well before. */
  rest({ offers }: Offering, now: number): void {
    for (const offer of offers) {
      const restsUntil = restsUntilOf(offer)
      if (restsUntil <= now) continue
      this.lookBy(restsUntil)
      offer.place.slowness.onWell = this.#onWell
    }
  }

  /** Whoever finds that decides something else just now. */
  readonly #onWell = (): void => {
    const now = this.#parts.world.now()
    if (this.#wellAt <= now) this.#wellAt = Math.max(now, this.#wellAt + wellAgainMs)
    this.lookBy(this.#wellAt)
  }

  lookBy(at: number): void {
    this.#lookAt = Math.min(this.#lookAt, at)
    this.#alarm.by(this.#lookAt)
  }

  /** Nobody waits. */
  off(): void {
    this.#alarm.off()
    this.#lookAt = Infinity
  }

  #ring(): void {
    const now = this.#parts.world.now()
    if (now >= this.#lookAt) {
      this.#lookAt = Infinity
      this.#parts.onLook()
    }
    for (let next = this.#byTime.first; next !== undefined && next.wakeAt <= now; next = this.#byTime.first)
      this.#parts.onWake(next, now)
    const next = this.#byTime.first
    if (next !== undefined) this.#alarm.by(Math.min(next.wakeAt, this.#lookAt))
  }
}
