import type { Begun, Crowding, Ending } from './crowding.ts'
import { Line } from './line.ts'
import { Reading } from './reading.ts'

/** Ends that are remembered. */
const endsMax = 512

/**
 * Between the end that made room for an ask and its first token its prompt is read. That takes more or less long: so much
 * of the usual time for certain.
 */
const surely = 0.5

/** Prompts of others that one may wait for: a server that always has some at hand to read is not crowded. */
const readAhead = 7

/** Where first tokens are never seen: how many answers tell what a word takes. */
const wholeMin = 8
/** What may be above what a word takes, above what is not words, and above the whole of an answer that had all to itself. */
const tolerated = { words: 1.1, rest: 2, whole: 3 }

/** As long as all answers are of one size, they are nothing but words. */
const words = { overhead: 1, slope: 20 }

/**
 * Tells how many stood in line inside a server, from its answers. One that had to wait for others came after them: as many
 * ends as there were between its coming and its being begun, so many were before it in the line. Where everything merely
 * takes longer, because the machine is hot, stands still or loads a model, nobody ends meanwhile, and no line is seen.
 */
export class Lineup {
  readonly #reading = new Reading()
  /** Answers in one piece, by their size: of late, and those that found nobody else there. */
  readonly #whole = new Line(words)
  readonly #alone = new Line(words)
  /** When all prompts will have been read, one after the other, if they wait for nothing else. */
  #readUntil = -Infinity
  /** When asks left that had been served, in order. */
  readonly #ends: number[] = []

  /** An ask is sent. Tells how much there is to read until its prompt is read, as a multiple of that prompt. */
  begun(promptTokens: number, now: number): number {
    const ownMs = this.#reading.msFor(promptTokens)
    const readMs = Math.min(Math.max(0, this.#readUntil - now) + ownMs, (1 + readAhead) * ownMs)
    this.#readUntil = now + readMs
    return readMs / ownMs
  }

  /** The first token of one has come. Tells how many were before it; undefined when there is nothing to compare with. */
  spoke({ startedAt, promptTokens, toRead }: Begun, now: number): number | undefined {
    if (!this.#reading.isKnown) return undefined
    // To a far server the way alone is long, and meanwhile somebody ends there: nobody waited for that.
    if (this.#reading.isPrompt(promptTokens, now - startedAt)) return 0
    const readingMs = (toRead - (1 - surely)) * this.#reading.msFor(promptTokens)
    return Math.max(0, this.#endedBetween(startedAt, now - readingMs))
  }

  /** An ask has left. Tells how many were before it, if only now that can be told. */
  left(ending: Ending, crowding: Crowding): number | undefined {
    const { firstTokenMs, cold, now } = crowding
    const before = ending === 'served' && !cold ? this.#learn(crowding, firstTokenMs) : undefined
    if (ending === 'served' || firstTokenMs !== undefined) {
      this.#ends.push(now)
      if (this.#ends.length > 2 * endsMax) this.#ends.splice(0, endsMax)
    }
    return before
  }

  #learn(crowding: Crowding, firstTokenMs: number | undefined): number | undefined {
    if (firstTokenMs !== undefined) return this.#learnReading(crowding, firstTokenMs)
    // Where some answers show when they begin, the others would only blur what is known.
    return this.#reading.isKnown ? undefined : this.#beforeWhole(crowding)
  }

  /** What it had to read is known for sure when its server has told. */
  #learnReading({ startedAt, promptTokens, totalMs, inFlight }: Crowding, firstTokenMs: number): undefined {
    const spokeAt = startedAt + firstTokenMs
    this.#reading.came(promptTokens, firstTokenMs, inFlight === 1)
    // Nobody can have been waited for since the last end: so a crowd is never learned as the norm.
    const tookMs = Math.min(firstTokenMs, spokeAt - this.#lastEndBefore(spokeAt))
    this.#reading.learn(promptTokens, tookMs, startedAt + totalMs)
  }

  /** What an answer took beyond its words it spent waiting. That errs on both sides, so it counts on both. */
  #beforeWhole({ startedAt, promptTokens, outputTokens, totalMs, inFlight }: Crowding): number | undefined {
    // Reading is quicker than writing.
    const size = outputTokens + promptTokens / 20
    const isKnown = this.#whole.samples >= wholeMin
    const workMs = this.#workMs(size)
    this.#whole.learn(size, totalMs)
    if (inFlight === 1) this.#alone.learn(size, totalMs)
    return isKnown ? this.#endedBetween(startedAt, startedAt + totalMs - workMs) : undefined
  }

  /** The most that an answer in one piece may take without having waited. */
  #workMs(size: number): number {
    const wordsMs = tolerated.words * size * (this.#whole.at(1) - this.#whole.at(0))
    if (this.#alone.samples === 0) return wordsMs
    return Math.min(wordsMs + tolerated.rest * this.#alone.at(0), tolerated.whole * this.#alone.at(size))
  }

  /** Negative when the second moment is the earlier one. */
  #endedBetween(first: number, second: number): number {
    return this.#endedBy(second) - this.#endedBy(first)
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
