/** Keeps about the last 30 samples in mind. */
const memory = 0.97

/**
 * A straight line through what was measured of late: a fixed overhead and a price per unit.
 * Errors count relative to the size, so that long prompts do not drown what short ones say.
 */
export class Line {
  #samples = 0
  #weight = 0
  #x = 0
  #y = 0
  #xx = 0
  #xy = 0
  #overhead: number
  #slope: number
  readonly #shape: { readonly overhead: number; readonly slope: number }

  /** `shape` is what to expect before anything was measured, and how the two parts share when all samples look alike. */
  constructor(shape: { readonly overhead: number; readonly slope: number }) {
    this.#shape = shape
    this.#overhead = shape.overhead
    this.#slope = shape.slope
  }

  get samples(): number {
    return this.#samples
  }

  at(x: number): number {
    return this.#overhead + this.#slope * x
  }

  learn(x: number, y: number): void {
    // The very first one may have waited for a model to load, or for a cold cache: the second takes its place.
    const keep = this.#samples <= 1 ? 0 : memory
    const sample = this.#samples < 3 ? y : Math.min(y, 4 * this.at(x))
    this.#samples += 1
    const weight = 1 / (x + 100) ** 2
    this.#weight = this.#weight * keep + weight
    this.#x = this.#x * keep + weight * x
    this.#y = this.#y * keep + weight * sample
    this.#xx = this.#xx * keep + weight * x * x
    this.#xy = this.#xy * keep + weight * x * sample
    this.#fit()
  }

  #fit(): void {
    const meanX = this.#x / this.#weight
    const meanY = this.#y / this.#weight
    const spread = this.#xx / this.#weight - meanX * meanX
    if (spread < (0.1 * (meanX + 1)) ** 2) {
      const scale = meanY / (this.#shape.overhead + this.#shape.slope * meanX)
      this.#overhead = this.#shape.overhead * scale
      this.#slope = this.#shape.slope * scale
      return
    }
    const slope = (this.#xy / this.#weight - meanX * meanY) / spread
    // Neither part of a real server's time is negative: noise that says so is given to the other part.
    this.#slope = Math.min(Math.max(0, slope), meanX > 0 ? meanY / meanX : 0)
    this.#overhead = Math.max(0, meanY - this.#slope * meanX)
  }
}
