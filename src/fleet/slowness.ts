/** How much of the average one answer is: that it was quicker has no other reason, that it was slower may have many. */
const freshness = { quicker: 0.7, slower: 0.4 }

/** One that is this many times as slow as expected says no more than one that is less. */
const most = 30

/** Shorter times are no measure of anything. */
const expectedMinMs = 20

/** How long a slow place is left alone until an ask tries it again, at first and at most. */
const restMs = 5_000
const restMaxMs = 60_000

/**
 * How many times as long as its pace says a place takes just now. The pace is made of the last thirty answers; this goes by
 * the last few, and by their first tokens, long before an answer is over. What it is used for: to leave a place alone that
 * has become much slower than others, and to have it tried now and then, so that it is noticed when it is well again.
 */
export class Slowness {
  #times = 1
  #restMs = restMs
  #triedAt: number | undefined
  #leftAloneAt = -Infinity

  get times(): number {
    return this.#times
  }

  learn(expectedMs: number, tookMs: number): void {
    const seen = Math.min(
      most,
      Math.max(1 / most, Math.max(expectedMinMs, tookMs) / Math.max(expectedMinMs, expectedMs)),
    )
    const share = seen < this.#times ? freshness.quicker : freshness.slower
    this.#times = this.#times ** (1 - share) * seen ** share
  }

  /** It is much slower than others. Whether somebody may try it all the same. */
  mayBeTried(now: number, canWait: boolean): boolean {
    this.#triedAt ??= now
    return now - this.#triedAt >= (canWait ? 1 : 2) * this.#restMs
  }

  /** Somebody went elsewhere, or waits for that, though there was room. */
  leaveAlone(now: number): void {
    this.#leftAloneAt = now
  }

  /** When somebody last did; never is -Infinity. */
  get leftAloneAt(): number {
    return this.#leftAloneAt
  }

  /** Somebody goes there although it is slow: the next one has to wait longer. */
  tried(now: number): void {
    if (this.#triedAt === undefined) return
    this.#triedAt = now
    this.#restMs = Math.min(restMaxMs, this.#restMs * 2)
  }

  /** It is no slower than others, or there are none. */
  well(): void {
    this.#triedAt = undefined
    this.#restMs = restMs
  }
}
