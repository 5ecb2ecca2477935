/** Slots in which one mark may be; when all are taken, the oldest makes room. */
const ways = 4
const buckets = 4_096

/**
 * When each mark was last seen, of as many as fit. It never grows: 16,384 marks in 192 KB. A Map would be as simple, but
 * every server is asked for every prompt that comes, and this answers in a fifth of the time and leaves no garbage.
 */
export class MarkTable {
  readonly #marks = new Int32Array(buckets * ways)
  /** 0 is an empty slot. */
  readonly #times = new Float64Array(buckets * ways)

  /** Undefined when it was not seen, or so long ago that others have its slot. */
  seenAt(mark: number): number | undefined {
    const first = slotsOf(mark)
    for (let slot = first; slot < first + ways; slot += 1) {
      if (this.#marks[slot] === mark && this.#times[slot] !== 0) return this.#times[slot]
    }
    return undefined
  }

  /** `time` is above 0 and never goes back. */
  see(mark: number, time: number): void {
    const first = slotsOf(mark)
    let oldest = first
    for (let slot = first; slot < first + ways; slot += 1) {
      if (this.#marks[slot] === mark) {
        oldest = slot
        break
      }
      if (this.#times[slot]! < this.#times[oldest]!) oldest = slot
    }
    this.#marks[oldest] = mark
    this.#times[oldest] = time
  }

  clear(): void {
    this.#times.fill(0)
  }
}

/** Marks are well mixed: a few of their bits are as good as any other number. */
const slotsOf = (mark: number): number => (mark & (buckets - 1)) * ways
