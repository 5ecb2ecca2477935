import type { Crowding, Ending } from './limit.ts'
import { Line } from './line.ts'

/** Ends that are remembered. */
const endsMax = 512

/** Between two asks a server stood idle for this long at least: it was not under load. */
const restMs = 20

/**
 * The end that made room for an ask and its first token are as far apart as it takes to read a prompt, more or less: so much
 * of that is surely after the end.
 */
const surely = 0.5

/** An answer in one piece may take so many times as long as alone before that counts as having waited. */
const wholeTolerance = 2

/**
 * Tells how many stood in line inside a server, from its answers. One that had to wait for others came after them: as many
 * ends as there were between its coming and its being begun, so many were before it in the line. Where everything merely
 * takes longer, because the machine is hot, stands still or loads a model, nobody ends meanwhile, and no line is seen.
 */
export class Lineup {
  readonly #idleFirstToken = new Line({ overhead: 100, slope: 0.3 })
  /** Whole answers by their size: what there is to compare with where first tokens are never seen. */
  readonly #idleWhole = new Line({ overhead: 300, slope: 20 })
  /** When asks left that had been served, in order. */
  readonly #ends: number[] = []

  /** An ask has left. Tells how many were before it; undefined when there is nothing to compare with. */
  left(ending: Ending, crowding: Crowding): number | undefined {
    const before = ending === 'served' && !crowding.cold ? this.#before(crowding) : undefined
    const hadPlace = ending === 'served' || crowding.firstTokenMs !== undefined
    if (hadPlace) {
      this.#ends.push(crowding.now)
      if (this.#ends.length > 2 * endsMax) this.#ends.splice(0, endsMax)
    }
    return before
  }

  #before(crowding: Crowding): number | undefined {
    const { startedAt, promptTokens, firstTokenMs, totalMs } = crowding
    if (firstTokenMs !== undefined) {
      const known = this.#idleFirstToken.samples > 0
      const begunAt = startedAt + firstTokenMs - surely * this.#idleFirstToken.at(promptTokens)
      this.#learnIdle(this.#idleFirstToken, promptTokens, firstTokenMs, crowding)
      return known ? this.#endedBetween(startedAt, begunAt) : undefined
    }
    const size = sizeOf(crowding)
    const known = this.#idleWhole.samples > 0
    const begunAt = startedAt + totalMs - wholeTolerance * this.#idleWhole.at(size)
    this.#learnIdle(this.#idleWhole, size, totalMs, crowding)
    // Where some answers show when they begin, the others would only blur what is known.
    if (!known || this.#idleFirstToken.samples > 0) return undefined
    return this.#endedBetween(startedAt, begunAt)
  }

  /**
   * How fast it is with nothing else to do is learned while there is room: a crowd must never become the norm. Until
   * there was room a few times, the quickest of a crowd stands in.
   */
  #learnIdle(idle: Line, size: number, tookMs: number, { alone, startedAt }: Crowding): void {
    const rested = startedAt - this.#lastEndBefore(startedAt) >= restMs
    if ((alone && rested) || idle.samples === 0 || (idle.samples < 5 && tookMs < idle.at(size))) {
      idle.learn(size, tookMs)
    }
  }

  #endedBetween(startedAt: number, begunAt: number): number {
    return begunAt <= startedAt ? 0 : this.#endedBy(begunAt) - this.#endedBy(startedAt)
  }

  #lastEndBefore(at: number): number {
    return this.#ends[this.#endedBy(at) - 1] ?? -Infinity
  }

  /** Counted from the oldest that is remembered. */
  #endedBy(at: number): number {
    let [low, high] = [0, this.#ends.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#ends[middle]! <= at) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Reading is quicker than writing. */
const sizeOf = ({ promptTokens, outputTokens }: Crowding): number => outputTokens + promptTokens / 20
