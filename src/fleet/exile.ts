/** At first, and at most: each time it turns us away again, it is left alone for twice as long. */
const firstMs = 5_000
const longestMs = 300_000
/** One ask looks whether it is welcome again, and the others wait so long for what it finds. */
const trialMs = 10_000

/**
 * A server that turned the gateway away for a reason that only people can mend, a wrong key or an unpaid bill, is not asked
 * again and again: who keeps knocking is locked out for good.
 */
export class Exile {
  #restMs = 0
  #until = 0
  #beganAt = 0

  /** When it may be asked again; in the past where it may. */
  get until(): number {
    return this.#until
  }

  holds(now: number): boolean {
    return now < this.#until
  }

  /** It turned us away, who had asked then. True when that is news. */
  begin(now: number, sentAt: number): boolean {
    // Of those that were under way then, all are turned away: that is the same once more.
    if (sentAt < this.#beganAt) return false
    this.#beganAt = now
    const isNews = this.#restMs === 0
    this.#restMs = Math.min(longestMs, isNews ? firstMs : this.#restMs * 2)
    this.#until = now + this.#restMs
    return isNews
  }

  end(): void {
    this.#restMs = 0
    this.#until = 0
  }

  /** An ask goes there. */
  begun(now: number): void {
    if (this.#restMs > 0 && !this.holds(now)) this.#until = now + trialMs
  }
}
