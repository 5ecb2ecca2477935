/**
 * A rate limit in one number (GCRA): the time at which all that was taken will have flowed back. Whoever takes pushes that
 * time on, and may do so while it lies at most a minute ahead, or whatever the burst is: so that much may come at once, and
 * then as much as flows back. What is larger than a burst by itself waits until all has flowed back.
 */
export class Bucket {
  #fullAt = -Infinity
  #now = -Infinity
  readonly #open = new Set<Hold>()

  /** How long until `amount` can be taken: 0 when it can be now, Infinity when it is more than there ever is. */
  waitMs(amount: number, perMinute: number, now: number, burstMs: number = minuteMs): number {
    this.#goTo(now)
    if (amount > mostAtOnce(perMinute, burstMs)) return Infinity
    const ownMs = msOf(amount, perMinute)
    const ms = Math.max(this.#fullAt, now) + ownMs - now - Math.max(burstMs, ownMs)
    return ms <= roundingMs ? 0 : Math.ceil(ms - roundingMs)
  }

  /** Takes for good. Whether it may is for `waitMs` to say. */
  spend(amount: number, perMinute: number, now: number): void {
    this.#goTo(now)
    this.#add(msOf(amount, perMinute), now)
  }

  /** Takes what is likely to be used; `settle` makes it what was. */
  take(amount: number, perMinute: number, now: number): Hold {
    this.spend(amount, perMinute, now)
    const hold = { ms: msOf(amount, perMinute), perMinute, fullAt: -Infinity }
    this.#open.add(hold)
    return hold
  }

  /** It is over, and so much was used: what was left over is given back, what was missing is taken after all. */
  settle(hold: Hold, used: number, now: number): void {
    this.#goTo(now)
    if (!this.#open.has(hold)) return
    const surplusMs = hold.ms - msOf(used, hold.perMinute)
    if (surplusMs > 0) this.#giveBack(hold, surplusMs)
    this.#open.delete(hold)
    if (surplusMs < 0) this.#add(-surplusMs, now)
  }

  remaining(perMinute: number, now: number, burstMs: number = minuteMs): number {
    const roomMs = roomOf(perMinute, burstMs) - this.resetMs(now)
    return Math.max(0, Math.floor(((roomMs + roundingMs) * perMinute) / minuteMs))
  }

  resetMs(now: number): number {
    this.#goTo(now)
    return Math.max(0, this.#fullAt - now)
  }

  /** For each that is open the same is reckoned as if the bucket had been full just after it took its own. */
  #add(ms: number, now: number): void {
    this.#fullAt = Math.max(this.#fullAt, now) + ms
    for (const hold of this.#open) hold.fullAt = Math.max(hold.fullAt, now) + ms
  }

  /**
   * As if it had never been taken. What flowed back meanwhile into a bucket that would have been full without it is lost,
   * or else giving back late would let more through than a minute's worth.
   */
  #giveBack(hold: Hold, ms: number): void {
    this.#fullAt = Math.max(this.#fullAt - ms, hold.fullAt)
    for (const earlier of this.#open) {
      // A set keeps the order of taking.
      if (earlier === hold) break
      earlier.fullAt = Math.max(earlier.fullAt - ms, hold.fullAt)
    }
  }

  /** A clock that was set back takes all times along, so that nobody waits for it to catch up. */
  #goTo(now: number): void {
    const back = this.#now - now
    this.#now = now
    if (!(back > 0)) return
    this.#fullAt -= back
    for (const hold of this.#open) hold.fullAt -= back
  }
}

/** What one request took. */
export interface Hold {
  readonly ms: number
  readonly perMinute: number
  /** When the bucket would be full again, had it been full just after this was taken. */
  fullAt: number
}

const minuteMs = 60_000
/** A rounding error must not turn away whom the time that was named has let in. */
const roundingMs = 0.001

/** A single one always gets in, when nothing else has. */
const roomOf = (perMinute: number, burstMs: number): number => Math.max(burstMs, msOf(1, perMinute))

/** What may come at once, in whole ones. */
export const burstOf = (perMinute: number, burstMs: number = minuteMs): number =>
  Math.floor(((roomOf(perMinute, burstMs) + roundingMs) * perMinute) / minuteMs)

/** The largest that is ever let in: a minute's worth, or a burst where that is more. */
export const mostAtOnce = (perMinute: number, burstMs: number = minuteMs): number =>
  (perMinute * Math.max(minuteMs, burstMs)) / minuteMs

const msOf = (amount: number, perMinute: number): number => (amount / perMinute) * minuteMs
