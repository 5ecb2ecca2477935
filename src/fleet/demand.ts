/** Long enough to tell what is asked for seldom, short enough to notice when that has changed. */
const windowMs = 60_000
/** A few asks in the first moment are no rate yet. */
const spanMinMs = 10_000

/** How often something is asked for, as of late: counted by windows, of which the last fades as the new one fills. */
export class Demand {
  #firstAt = -Infinity
  #windowAt = -Infinity
  #count = 0
  #before = 0

  note(now: number): void {
    if (!this.isRecent(now)) this.#firstAt = now
    this.#count += 1
  }

  /** Whether it was asked for of late at all. */
  isRecent(now: number): boolean {
    this.#roll(now)
    return this.#count + this.#before > 0
  }

  /** Times in a millisecond. */
  perMs(now: number): number {
    if (!this.isRecent(now)) return 0
    const sinceMs = now - this.#firstAt
    // The first one begins the count, and is none of what came in the time since.
    if (sinceMs < windowMs) return (this.#count + this.#before - 1) / Math.max(spanMinMs, sinceMs)
    return (this.#count + this.#before * (1 - (now - this.#windowAt) / windowMs)) / windowMs
  }

  #roll(now: number): void {
    const ageMs = now - this.#windowAt
    if (ageMs < windowMs) return
    const isNext = ageMs < 2 * windowMs
    this.#before = isNext ? this.#count : 0
    this.#count = 0
    this.#windowAt = isNext ? this.#windowAt + windowMs : now
  }
}
