/** A number for each of the last seconds. Nothing ticks: a second that is over is noticed by the next look. */
export class Seconds {
  readonly #counts: Float64Array
  #second = -Infinity

  constructor(seconds: number) {
    this.#counts = new Float64Array(seconds)
  }

  add(nowMs: number, by: number): void {
    this.#advance(nowMs)
    this.#counts[this.#second % this.#counts.length]! += by
  }

  /** Keeps the highest of what it is given in one second. */
  raise(nowMs: number, to: number): void {
    this.#advance(nowMs)
    const at = this.#second % this.#counts.length
    if (to > this.#counts[at]!) this.#counts[at] = to
  }

  sum(nowMs: number, seconds: number): number {
    return this.last(nowMs, seconds).reduce((sum, count) => sum + count, 0)
  }

  /** The last seconds, the oldest first. */
  last(nowMs: number, seconds: number): readonly number[] {
    this.#advance(nowMs)
    const { length } = this.#counts
    return Array.from({ length: seconds }, (_, at) => {
      const second = this.#second - seconds + 1 + at
      return second < 0 ? 0 : this.#counts[second % length]!
    })
  }

  #advance(nowMs: number): void {
    const second = Math.floor(nowMs / 1_000)
    const { length } = this.#counts
    for (let next = Math.max(this.#second + 1, second - length + 1, 0); next <= second; next += 1)
      this.#counts[next % length] = 0
    if (second > this.#second) this.#second = second
  }
}

/** The last so many measurements and when they were made. */
export class Samples {
  readonly #values: Float64Array
  readonly #at: Float64Array
  #next = 0

  constructor(length: number) {
    this.#values = new Float64Array(length)
    this.#at = new Float64Array(length).fill(-Infinity)
  }

  add(nowMs: number, value: number): void {
    this.#values[this.#next] = value
    this.#at[this.#next] = nowMs
    this.#next = (this.#next + 1) % this.#values.length
  }

  /** Of those made since then; undefined when there are none. */
  percentiles(sinceMs: number): { p50: number; p95: number } | undefined {
    const values = this.#values.filter((_, at) => this.#at[at]! > sinceMs).sort()
    const rank = (share: number): number => values[Math.ceil(values.length * share) - 1]!
    return values.length === 0 ? undefined : { p50: rank(0.5), p95: rank(0.95) }
  }
}
