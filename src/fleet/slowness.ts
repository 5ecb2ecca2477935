import type { Ending } from './crowding.ts'
import type { Pace, Served } from './pace.ts'

/** How much of the average one answer is: that it was quicker has no other reason, that it was slower may have many. */
const freshness = { quicker: 0.7, slower: 0.4 }

/** One that is this many times as slow as expected says no more than one that is less. */
const most = 30

/** Shorter times are no measure of anything. */
const expectedMinMs = 20
const silenceMinMs = 100

/** Shorter answers do not tell how long a token takes. */
const tokensMin = 8

/** How long a slow place is left alone until an ask tries it again, at first and at most. */
const restMs = 5_000
const restMaxMs = 60_000

/** Who went elsewhere so long ago says nothing of now. */
const lullMs = 10_000

/** What is seen at one instant holds for the next few. */
const sameMs = 2

/** One that is there: when its first token was expected, and whether anybody sees it come. */
interface Guest {
  readonly startedAt: number
  readonly speaksAt: number
  readonly readBy: number
  readonly cold: boolean
  readonly stream: boolean
}

/**
 * How many times as long as its pace says a place takes just now. The pace is made of the last thirty answers; this goes by
 * the last few, by their first tokens long before they are over, and by first tokens that should have come. What it is for:
 * to leave a place alone that has become much slower than others, and to have it tried now and then, so that it is noticed
 * when it is well again.
 */
export class Slowness {
  /** Called when somebody finds well what others left alone: those who wait for a better one need not any more. */
  onWell: () => void = () => {}
  /** By what has come. */
  #times = 1
  /** Of what should have. */
  readonly #silent = new Set<Guest>()
  #silence = { now: -Infinity, times: 0 }
  #restMs = restMs
  #triedAt: number | undefined
  #leftAloneAt = -Infinity
  #leftAloneSince = -Infinity

  timesAt(now: number): number {
    if (now - this.#silence.now >= sameMs) this.#silence = { now, times: this.#silentTimes(now) }
    return Math.max(this.#times, this.#silence.times)
  }

  begun(guest: Guest): void {
    if (guest.stream && !guest.cold) this.#silent.add(guest)
    if (this.#triedAt === undefined) return
    // It is slow, and somebody goes there all the same: the next one has to wait longer.
    this.#triedAt = guest.startedAt
    this.#restMs = Math.min(restMaxMs, this.#restMs * 2)
  }

  spoke(guest: Guest, now: number): void {
    if (this.#silent.delete(guest)) this.#learn(expectedMs(guest, now), now - guest.startedAt)
  }

  ended(guest: Guest, ending: Ending, { firstTokenMs, totalMs, outputTokens, batch }: Served, pace: Pace): void {
    this.#silent.delete(guest)
    if (ending !== 'served' || guest.cold || firstTokenMs === undefined || outputTokens < tokensMin) return
    this.#learn(pace.stepMs(batch) * (outputTokens - 1), totalMs - firstTokenMs)
  }

  /** It is much slower than others. Whether somebody may try it all the same. */
  mayBeTried(now: number, canWait: boolean): boolean {
    this.#triedAt ??= now
    return now - this.#triedAt >= (canWait ? 1 : 2) * this.#restMs
  }

  /** Somebody went elsewhere, or waits for that, though there was room. */
  leaveAlone(now: number): void {
    if (now - this.#leftAloneAt > lullMs) this.#leftAloneSince = now
    this.#leftAloneAt = now
  }

  /** For how long nobody has found it as quick as others who looked; 0 where nobody has looked lately. */
  leftAloneMs(now: number): number {
    return now - this.#leftAloneAt > lullMs ? 0 : now - this.#leftAloneSince
  }

  /** When somebody last did; never is -Infinity. */
  get leftAloneAt(): number {
    return this.#leftAloneAt
  }

  /** It is no slower than others, or there are none. */
  well(): void {
    this.#triedAt = undefined
    this.#restMs = restMs
    if (this.#leftAloneAt === -Infinity) return
    this.#leftAloneSince = this.#leftAloneAt = -Infinity
    this.onWell()
  }

  #learn(expectedMs: number, tookMs: number): void {
    const ratio = Math.max(expectedMinMs, tookMs) / Math.max(expectedMinMs, expectedMs)
    const seen = Math.min(most, Math.max(1 / most, ratio))
    const share = seen < this.#times ? freshness.quicker : freshness.slower
    this.#times = this.#times ** (1 - share) * seen ** share
  }

  #silentTimes(now: number): number {
    let times = 0
    for (const guest of this.#silent) {
      const silentMs = now - guest.startedAt
      if (silentMs >= silenceMinMs) times = Math.max(times, silentMs / Math.max(silenceMinMs, expectedMs(guest, now)))
    }
    return times
  }
}

/** While the prompts before its own may be being read it is as quick as can be: who has much to read is not slow. */
const expectedMs = ({ startedAt, speaksAt, readBy }: Guest, now: number): number =>
  Math.max(speaksAt, Math.min(now, readBy)) - startedAt
