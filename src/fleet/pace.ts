import { Line } from './line.ts'

/** What was seen of one ask that was served. */
export interface Served {
  readonly promptTokens: number
  readonly outputTokens: number
  /** From sending to the first token; undefined when the answer came in one piece, so that nobody could tell. */
  readonly firstTokenMs: number | undefined
  readonly totalMs: number
  /** It had the server to itself, as far as we know. */
  readonly alone: boolean
  /** The model had to be loaded first. */
  readonly cold: boolean
  /** Asks in the place while it was there, on average, itself included. */
  readonly batch: number
  /** It may have stood in line in the server: when it spoke tells nothing of how fast that reads. */
  readonly mayHaveLined?: boolean
}

/** Before anything is known: a modest graphics card. */
const shape = { overhead: 100, slope: 0.3 }
/** Between two tokens of one answer, by how many are given at once. */
const stepShape = { overhead: 15, slope: 5 }
const loadMsBefore = 5_000
/** Of nobody knows how long, and of usual ones. */
const loadMostMs = 60_000
const loadLeastMs = 10_000
const overdueLoads = 3
/** So many answers are needed to refuse somebody by what they took. */
const answersMin = 5
/** How much of an average each new answer is. */
const freshness = 0.15

/**
 * How fast a server is with one model: as of late, and when it has nothing else to do.
 * The idle pace is learned from asks that were alone: a crowd must never become the norm.
 */
export class Pace {
  readonly #firstToken = new Line(shape)
  readonly #idleFirstToken = new Line(shape)
  readonly #step = new Line(stepShape)
  #holdMs: number | undefined
  #loadMs: number = loadMsBefore
  /** Loads were timed by themselves, those of this model or of others there: nothing need be guessed from who waited for them. */
  #loadKnown: 'timed' | 'likely' | undefined
  #heardAt = 0
  #answers = 0
  /** The most tokens that it was seen to read for one answer. */
  #largest = 0

  /** Answers from which it has learned. */
  get answers(): number {
    return this.#answers
  }

  /** It is known well enough to refuse somebody by it. */
  get isLearned(): boolean {
    return this.#answers >= answersMin
  }

  /** How long one ask holds its place, on average. */
  get holdMs(): number {
    return this.#holdMs ?? this.expectedHoldMs(500, 150, 1)
  }

  get loadMs(): number {
    return this.#loadMs
  }

  /** A load that takes longer is kept by something. */
  get loadOverdueMs(): number {
    return this.#loadKnown === undefined ? loadMostMs : Math.max(loadLeastMs, overdueLoads * this.#loadMs)
  }

  /** How long an ask of this size is expected to hold its place among so many. */
  expectedHoldMs(promptTokens: number, outputTokens: number, batch: number): number {
    return this.#firstToken.at(promptTokens) + outputTokens * this.stepMs(batch)
  }

  /** How long it is silent over a prompt of this size, of late. Beyond the sizes that were seen, in proportion at least. */
  readingMs(promptTokens: number): number {
    const known = this.#largest === 0 ? promptTokens : Math.min(promptTokens, this.#largest)
    return this.#firstToken.at(known) * (known === promptTokens ? 1 : promptTokens / known)
  }

  /** How long it is silent over a prompt of this size when it has nothing else to do. */
  idleReadingMs(promptTokens: number): number {
    return this.#idleFirstToken.at(promptTokens)
  }

  /** Between two tokens of an answer, where so many are given at once. */
  stepMs(batch: number): number {
    return this.#step.at(Math.max(1, batch))
  }

  /** Time to a first token for an ask that begins now. `fullness` runs from 0, nothing under way, to 1. */
  firstTokenMs(
    promptTokens: number,
    { fullness, cold, now }: { fullness: number; cold: boolean; now: number },
  ): number {
    const late = this.#firstToken.at(promptTokens)
    const idle = this.#idleFirstToken.samples === 0 ? late : this.#idleFirstToken.at(promptTokens)
    const loadMs = cold ? this.#loadMs : 0
    if (fullness > 0) return loadMs + idle + Math.max(0, late - idle) * Math.min(1, fullness)
    // A server that was once slow gets no asks from people in a hurry, and so could never show that it is quick again.
    // While it stands idle its past is forgiven, by half in five minutes.
    const remembered = 0.5 ** ((now - this.#heardAt) / 300_000)
    // What a load takes is known, where loads are timed: it is not for an ask to try.
    return (this.#loadKnown !== undefined ? loadMs : loadMs * remembered) + idle * remembered
  }

  /** A load took so long. */
  loadTook(ms: number): void {
    this.#loadMs = this.#loadKnown === 'timed' ? this.#loadMs + (ms - this.#loadMs) * 0.5 : ms
    this.#loadKnown = 'timed'
  }

  /** A load of another model on the same server took so long. */
  loadLikelyTakes(ms: number): void {
    if (this.#loadKnown === 'timed') return
    this.#loadMs = ms
    this.#loadKnown = 'likely'
  }

  /** One whose caller left: what came until then says how fast it was, and if nothing came, how slow at least. */
  learnCut(cut: Served, now: number): void {
    const { promptTokens, outputTokens, firstTokenMs, totalMs, cold, batch, mayHaveLined = false } = cut
    if (cold || (mayHaveLined && firstTokenMs === undefined)) return
    if (firstTokenMs === undefined) {
      const expectedMs = this.#firstToken.at(promptTokens)
      // That one who left early heard nothing says nothing.
      if (totalMs < 0.9 * expectedMs) return
      if (totalMs > expectedMs) this.#firstToken.learn(promptTokens, totalMs)
    } else {
      if (!mayHaveLined) this.#firstToken.learn(promptTokens, firstTokenMs)
      if (outputTokens > 1) this.#step.learn(batch, Math.max(0, totalMs - firstTokenMs) / (outputTokens - 1))
    }
    this.#heardAt = now
    this.#answers += 1
  }

  learn(served: Served, now: number): void {
    this.#heardAt = now
    const { promptTokens, outputTokens, firstTokenMs, totalMs, alone, cold, batch, mayHaveLined = false } = served
    if (cold) {
      if (this.#loadKnown === 'timed') return
      // All that was late beyond the usual went into loading.
      const beyondMs = (firstTokenMs ?? totalMs) - this.#idleFirstToken.at(promptTokens)
      if (beyondMs > 0) this.#loadMs += (beyondMs - this.#loadMs) * 0.5
      return
    }
    this.#answers += 1
    this.#holdMs = this.#holdMs === undefined ? totalMs : this.#holdMs + (totalMs - this.#holdMs) * freshness
    if (firstTokenMs === undefined) {
      if (outputTokens > 0)
        this.#step.learn(batch, Math.max(0, totalMs - this.#firstToken.at(promptTokens)) / outputTokens)
      return
    }
    this.#largest = Math.max(this.#largest, promptTokens)
    if (!mayHaveLined) {
      this.#firstToken.learn(promptTokens, firstTokenMs)
      learnIdle(this.#idleFirstToken, promptTokens, firstTokenMs, alone)
    }
    // The first token is among them, and took no step.
    if (outputTokens > 1) this.#step.learn(batch, Math.max(0, totalMs - firstTokenMs) / (outputTokens - 1))
  }
}

/**
 * Until a few asks were alone, the quickest of a crowd stands in: what is quicker than 'idle' shows that idle was none,
 * but a model loading or the crowd of a busy start.
 */
function learnIdle(idle: Line, size: number, tookMs: number, alone: boolean): void {
  if (alone || idle.samples === 0 || (idle.samples < 5 && tookMs < idle.at(size))) idle.learn(size, tookMs)
}
