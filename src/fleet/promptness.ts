/** So many of the latest are kept in mind; before so many are, nothing is said. */
const keptMax = 128
const keptMin = 30

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
 * more: it is stuck. Kept as parts of what was expected, so that long prompts and full servers are no exceptions.
 */
export class Promptness {
  readonly #ratios: number[] = []
  #next = 0
  #worst: number | undefined
  #late: number | undefined
  #lateFrom = 0
  #learned = 0

  learn(expectedMs: number, tookMs: number): void {
    this.#ratios[this.#next] = tookMs / Math.max(1, expectedMs)
    this.#next = (this.#next + 1) % keptMax
    this.#worst = undefined
    this.#learned += 1
  }

  /** Later than that comes hardly one in a hundred; undefined where too little was seen to say so. */
  latestMs(expectedMs: number): number | undefined {
    if (this.#ratios.length < keptMin) return undefined
    return Math.max(1, expectedMs) * (this.#worst ??= nearlyWorst(this.#ratios))
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
function nearlyWorst(ratios: readonly number[]): number {
  let worst = 0
  let next = 0
  for (const ratio of ratios) {
    if (ratio > worst) [worst, next] = [ratio, worst]
    else if (ratio > next) next = ratio
  }
  return ratios.length > 100 ? next : worst
}
