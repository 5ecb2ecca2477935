import type { Ask } from '../core/ask.ts'
import type { Timeouts } from '../core/settings.ts'
import type { Lease } from '../scheduler/scheduler.ts'

/** What comes so many times as late as nearly all others do is not coming, as long as another server can be asked instead. */
const lateShare = 1.25
/** Sooner than that nothing is called stuck: a second is soon over. */
const lateMinMs = 1_000
/** Where there is no other server, to give up gains little. */
const aloneShare = 4
const aloneMinMs = 30_000

/** An answer that is not seen before it is whole may be a long one: more patience yet, and as much as any where there is no other server. */
const wholeShare = 4
const wholeMinMs = 30_000

/** An answer may be so much longer than was asked for, in frames: not every server counts as its callers do. */
const wordyShare = 2
const wordySlack = 64

/** Why an answer was cut off that would not end. Nobody is to go on with it. */
export class Runaway extends Error {
  constructor() {
    super('It would not end.')
    this.name = 'Runaway'
  }
}

/**
 * How long each phase of one try may last. What is configured is the most that is waited; once it is known how soon first
 * tokens come from a place, one that is silent for longer than nearly all were is given up before that; and so is one in
 * one piece that takes far longer than the longest.
 */
export class Deadlines {
  readonly #timeouts: Timeouts
  readonly #lease: Lease
  /** Shows nothing of itself until it is whole. */
  readonly #whole: boolean
  #endAt: number
  #isCold: boolean

  constructor(timeouts: Timeouts, { lease, whole, now }: { lease: Lease; whole: boolean; now: number }) {
    this.#timeouts = timeouts
    this.#lease = lease
    this.#whole = whole
    this.#isCold = lease.isCold
    this.#endAt = now + (timeouts.totalMs ?? Infinity)
  }

  /** The whole of it has taken as long as any answer may. */
  isOver(now: number): boolean {
    return now >= this.#endAt
  }

  /** While the gateway itself has the model loaded. */
  load(now: number): number {
    return now + this.#loadMs
  }

  /** When the first token must have come of what is sent now, to a model that is there or comes by being asked. */
  firstToken(now: number, afterLoad: boolean): number {
    if (afterLoad) this.#isCold = false
    const loadMs = this.#isCold ? this.#loadMs : 0
    this.#endAt = now + loadMs + (this.#timeouts.totalMs ?? Infinity)
    if (this.#whole) return Math.min(this.#endAt, now + this.#wholePatienceMs(now))
    return Math.min(this.#endAt, now + loadMs + (this.#isCold ? this.#timeouts.firstTokenMs : this.#patienceMs(now)))
  }

  /** When the next piece must have come after one that comes now. */
  gap(now: number): number {
    return Math.min(this.#endAt, now + this.#timeouts.gapMs)
  }

  /** More time for a first token that is late, because its model turned out not to be there and is being loaded. */
  extended(sentAt: number): number | undefined {
    if (this.#isCold || !this.#lease.isLoading) return undefined
    this.#isCold = true
    return this.firstToken(sentAt, false)
  }

  get #loadMs(): number {
    return this.#timeouts.loadMs ?? this.#timeouts.firstTokenMs
  }

  /** As long as any answer may take, unless it is known how long they take and another server can be asked. */
  #wholePatienceMs(now: number): number {
    const longestMs = this.#isCold || !this.#lease.hasOther(now) ? undefined : this.#lease.longestMs(now)
    return longestMs === undefined ? Infinity : Math.max(wholeMinMs, longestMs * wholeShare)
  }

  #patienceMs(now: number): number {
    const { firstTokenMs } = this.#timeouts
    const latestMs = this.#lease.latestMs(now)
    if (latestMs === undefined) return firstTokenMs
    const dueMs = this.#lease.hasOther(now)
      ? Math.max(lateMinMs, latestMs * lateShare)
      : Math.max(aloneMinMs, latestMs * aloneShare)
    return Math.min(firstTokenMs, dueMs)
  }
}

/**
 * More frames than that no answer to this ask has: whoever sends them has lost the way. Infinity where nobody can say.
 * `tokensMax` is what its server was held to.
 */
export function framesMaxFor(
  { outputTokensMax, answers = 1 }: Ask,
  lease: Lease,
  tokensMax: number = Infinity,
): number {
  const said = outputTokensMax !== undefined && outputTokensMax > 0 ? outputTokensMax : lease.model.contextTokens
  const most = Math.min(said ?? Infinity, tokensMax)
  return wordyShare * most * answers + wordySlack
}
