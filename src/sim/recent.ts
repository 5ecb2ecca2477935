/**
 * Numbers, and which of them was used longest ago. In plain arrays: a Map keeps them as well, but where thousands of them come and go
 * with every few requests, it is the dearest thing in a simulated day.
 */
export class Recent {
  #size = 0
  /** How many slots were ever in use; slot 0 is the knot of the ring, between the newest and the oldest. */
  #used = 1
  /** The first of the slots that are free again, which hang together by `next`; 0 for none. */
  #free = 0
  #numbers = new Float64Array(64)
  #older = new Int32Array(64)
  #newer = new Int32Array(64)
  /** The next slot whose number falls into the same bucket; 0 for none. */
  #next = new Int32Array(64)
  /** As many as slots, a power of two: of 32 bits, all but so many are shifted out. */
  #buckets = new Int32Array(64)
  #shift = 26

  get size(): number {
    return this.#size
  }

  has(number: number): boolean {
    return this.#find(number) !== 0
  }

  /** It is the newest from now on. */
  use(number: number): void {
    let slot = this.#find(number)
    if (slot === 0) slot = this.#take(number)
    else this.#unhang(slot)
    const newest = this.#older[0]!
    this.#older[slot] = newest
    this.#newer[slot] = 0
    this.#newer[newest] = slot
    this.#older[0] = slot
  }

  dropOldest(): void {
    const slot = this.#newer[0]!
    if (slot === 0) return
    this.#unhang(slot)
    const bucket = this.#bucketOf(this.#numbers[slot]!)
    let before = 0
    for (let at = this.#buckets[bucket]!; at !== slot; at = this.#next[at]!) before = at
    if (before === 0) this.#buckets[bucket] = this.#next[slot]!
    else this.#next[before] = this.#next[slot]!
    this.#next[slot] = this.#free
    this.#free = slot
    this.#size -= 1
  }

  clear(): void {
    this.#size = 0
    this.#used = 1
    this.#free = 0
    this.#older[0] = 0
    this.#newer[0] = 0
    this.#buckets.fill(0)
  }

  #find(number: number): number {
    let slot = this.#buckets[this.#bucketOf(number)]!
    while (slot !== 0 && this.#numbers[slot] !== number) slot = this.#next[slot]!
    return slot
  }

  #take(number: number): number {
    let slot = this.#free
    if (slot !== 0) this.#free = this.#next[slot]!
    else {
      if (this.#used === this.#numbers.length) this.#grow()
      slot = this.#used
      this.#used += 1
    }
    this.#numbers[slot] = number
    this.#hang(slot)
    this.#size += 1
    return slot
  }

  /** Into its bucket. */
  #hang(slot: number): void {
    const bucket = this.#bucketOf(this.#numbers[slot]!)
    this.#next[slot] = this.#buckets[bucket]!
    this.#buckets[bucket] = slot
  }

  #unhang(slot: number): void {
    const older = this.#older[slot]!
    const newer = this.#newer[slot]!
    this.#newer[older] = newer
    this.#older[newer] = older
  }

  /** Numbers may lie at equal distances: what is multiplied so is spread all the same, in its highest bits. */
  #bucketOf(number: number): number {
    return Math.imul(number ^ Math.floor(number / 0x1_0000_0000), 0x9e3779b1) >>> this.#shift
  }

  /** Nothing is free now. */
  #grow(): void {
    const slots = 2 * this.#numbers.length
    const [numbers, older, newer] = [this.#numbers, this.#older, this.#newer]
    this.#numbers = new Float64Array(slots)
    this.#older = new Int32Array(slots)
    this.#newer = new Int32Array(slots)
    this.#numbers.set(numbers)
    this.#older.set(older)
    this.#newer.set(newer)
    this.#next = new Int32Array(slots)
    this.#buckets = new Int32Array(slots)
    this.#shift -= 1
    for (let slot = 1; slot < this.#used; slot += 1) this.#hang(slot)
  }
}
