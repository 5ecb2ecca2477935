/** One silence may be chance. From the second on each makes the next try wait so many times as long. */
const growth = 1.4

/**
 * Tries that were given up without a word, since one last spoke. A server that hangs and one that has become slower look
 * alike until then. If it speaks as soon as ever, the others met a hang, which tells nothing of how long first tokens take;
 * if later than nearly all did, they would have been as late. Meanwhile patience grows, or what has become slower would be
 * given up for ever. Those who are silent together are one silence.
 */
export class Silences {
  /** What was expected of the first of each. */
  readonly #expectedMs: number[] = []
  #latestAt = -Infinity

  get patience(): number {
    return growth ** Math.max(0, this.#expectedMs.length - 1)
  }

  gaveUp(expectedMs: number, { startedAt, now }: { readonly startedAt: number; readonly now: number }): void {
    if (startedAt < this.#latestAt) return
    this.#latestAt = now
    this.#expectedMs.push(expectedMs)
  }

  /** One spoke: what was expected of those that would have been as late as it was. */
  over(isLate: boolean): readonly number[] {
    if (this.#expectedMs.length === 0) return none
    const silent = this.#expectedMs.splice(0)
    return isLate ? silent : none
  }
}

const none: readonly number[] = []
