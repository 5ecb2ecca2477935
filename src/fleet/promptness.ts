import type { Ending } from './crowding.ts'
import { Silences } from './silences.ts'

/** When it began, and when it was to speak. */
interface Expected {
  readonly startedAt: number
  readonly speaksAt: number
}

/** How long one took, as far as it came. */
interface Ended {
  readonly firstTokenMs: number | undefined
  readonly totalMs: number
}

/** So many of the latest are kept in mind; before so many are, nothing is said. */
const keptMax = 128
const keptMin = 30

/** A prompt of a size that was never seen may take so many times as long as is thought before it counts as stuck. */
const unseenShare = 2

/**
 * Nine in ten come within this share of the kept, and what is later than that by half is one in thirty to one in a hundred.
 * The latest themselves do not tell when to worry: where a server hangs now and then, they are its hangs.
 */
const usualShare = 0.9
const beyondUsual = 1.5
/** Expectations shorter than this are no measure of that. */
const expectedMinMs = 10
/** To sort them for every ask would be too dear. */
const lookAgainAfter = 8

/**
 * How much later than expected first tokens come, as of late. What comes later than nearly all of them is not slow any
 * more: it is stuck. Kept as parts of what was expected, so that long prompts and full servers are no exceptions, and as
 * time beyond it: a pause of half a second on a busy machine is ten times too late for a short prompt, and tells nothing
 * of how late a longer one may be.
 */
export class Promptness {
  readonly #ratios: number[] = []
  readonly #beyondMs: number[] = []
  #next = 0
  #worst: { readonly ratio: number; readonly beyondMs: number } | undefined
  #late: number | undefined
  #lateFrom = 0
  #learned = 0
  readonly #silences = new Silences()

  learn(expectedMs: number, tookMs: number): void {
    this.#ratios[this.#next] = tookMs / Math.max(1, expectedMs)
    this.#beyondMs[this.#next] = tookMs - expectedMs
    this.#next = (this.#next + 1) % keptMax
    this.#worst = undefined
    this.#learned += 1
  }

  ended({ startedAt, speaksAt }: Expected, { firstTokenMs, totalMs }: Ended, ending: Ending): void {
    const expectedMs = speaksAt - startedAt
    const latestMs = this.#latestMs(expectedMs) ?? Infinity
    if (firstTokenMs === undefined) {
      if (totalMs > latestMs) this.#silences.gaveUp(expectedMs, { startedAt, now: startedAt + totalMs })
      return
    }
    const ratio = firstTokenMs / Math.max(1, expectedMs)
    for (const silentMs of this.#silences.over(firstTokenMs > latestMs)) this.learn(silentMs, silentMs * ratio)
    if (ending === 'served') this.learn(expectedMs, firstTokenMs)
  }

  /** Its server is another one than it was. */
  returned(): void {
    this.#silences.over(false)
  }

  /**
   * Later than that comes hardly one in a hundred, and what is still silent is to be given up; undefined where too little was
   * seen to say so.
   */
  latestMs(expectedMs: number): number | undefined {
    const latestMs = this.#latestMs(expectedMs)
    return latestMs && latestMs * this.#silences.patience
  }

  #latestMs(expectedMs: number): number | undefined {
    if (this.#ratios.length < keptMin) return undefined
    this.#worst ??= { ratio: nearlyWorst(this.#ratios), beyondMs: nearlyWorst(this.#beyondMs) }
    const { ratio, beyondMs } = this.#worst
    return Math.min(Math.max(1, expectedMs) * ratio, Math.max(unseenShare * expectedMs, expectedMs + beyondMs))
  }

  /** Later than that come a few of a hundred: soon to worry, where to worry is cheap. */
  lateMs(expectedMs: number): number | undefined {
    if (this.#ratios.length < keptMin) return undefined
    if (this.#late === undefined || this.#learned - this.#lateFrom >= lookAgainAfter) {
      const sorted = Float64Array.from(this.#ratios).sort()
      this.#late = beyondUsual * sorted[Math.floor(usualShare * sorted.length)]!
      this.#lateFrom = this.#learned
    }
    return Math.max(expectedMinMs, expectedMs) * this.#late
  }
}

/** Of a hundred, one may be as bad as it likes. */
function nearlyWorst(values: readonly number[]): number {
  let worst = -Infinity
  let next = -Infinity
  for (const value of values) {
    if (value > worst) [worst, next] = [value, worst]
    else if (value > next) next = value
  }
  return values.length > 100 ? next : worst
}
