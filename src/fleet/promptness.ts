/** So many of the latest are kept in mind; before so many are, nothing is said. */
const keptMax = 128
const keptMin = 30

/** A prompt of a size that was never seen may take so many times as long as is thought before it counts as stuck. */
const unseenShare = 2

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

  learn(expectedMs: number, tookMs: number): void {
    this.#ratios[this.#next] = tookMs / Math.max(1, expectedMs)
    this.#beyondMs[this.#next] = tookMs - expectedMs
    this.#next = (this.#next + 1) % keptMax
    this.#worst = undefined
  }

  /** Later than that comes hardly one in a hundred; undefined where too little was seen to say so. */
  latestMs(expectedMs: number): number | undefined {
    if (this.#ratios.length < keptMin) return undefined
    this.#worst ??= { ratio: nearlyWorst(this.#ratios), beyondMs: nearlyWorst(this.#beyondMs) }
    const { ratio, beyondMs } = this.#worst
    return Math.min(Math.max(1, expectedMs) * ratio, Math.max(unseenShare * expectedMs, expectedMs + beyondMs))
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
