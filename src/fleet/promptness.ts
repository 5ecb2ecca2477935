import type { Ending } from './crowding.ts'

/** How long one took, as far as it came. */
interface Ended {
  readonly firstTokenMs: number | undefined
  readonly totalMs: number
}

/** So many of the latest are kept in mind; before so many are, nothing is said. */
const keptMax = 128
const keptMin = 30

/**
 * How much later than expected first tokens come, as of late. What comes later than nearly all of them is not slow any
 * more: it is stuck. Kept as parts of what was expected, so that long prompts and full servers are no exceptions.
 */
export class Promptness {
  readonly #ratios: number[] = []
  #next = 0
  #worst: number | undefined

  learn(expectedMs: number, tookMs: number): void {
    this.#ratios[this.#next] = tookMs / Math.max(1, expectedMs)
    this.#next = (this.#next + 1) % keptMax
    this.#worst = undefined
  }

  /** One has ended that was expected to speak after so long. */
  ended(expectedMs: number, { firstTokenMs, totalMs }: Ended, ending: Ending): void {
    if (firstTokenMs !== undefined && ending === 'served') this.learn(expectedMs, firstTokenMs)
    // One that was given up was later than that, at least: else a server that has become slow would be given up for ever.
    const latestMs = this.latestMs(expectedMs) ?? Infinity
    if (firstTokenMs === undefined && totalMs > latestMs) this.learn(expectedMs, totalMs)
  }

  /** Later than that comes hardly one in a hundred; undefined where too little was seen to say so. */
  latestMs(expectedMs: number): number | undefined {
    if (this.#ratios.length < keptMin) return undefined
    return Math.max(1, expectedMs) * (this.#worst ??= nearlyWorst(this.#ratios))
  }
}

/** Of a hundred, one may be as bad as it likes. */
function nearlyWorst(ratios: readonly number[]): number {
  let worst = 0
  let next = 0
  for (const ratio of ratios) {
    if (ratio > worst) [worst, next] = [ratio, worst]
    else if (ratio > next) next = ratio
  }
  return ratios.length > 100 ? next : worst
}
