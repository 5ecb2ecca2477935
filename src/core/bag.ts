/** What can be in a bag: it knows where. -1 when it is in none. */
export interface Bagged {
  slot: number
}

/**
 * Things that come and go by the thousand, in no order. A Set would do, but for this: it makes a new table every so many
 * changes, each old table points to the next, and so one that has grown old keeps alive all that went through the later
 * ones until the whole heap is collected. Measured on small requests, that was a tenth of all that was ever allocated.
 */
export class Bag<Item extends Bagged> {
  readonly #items: Item[] = []

  get size(): number {
    return this.#items.length
  }

  add(item: Item): void {
    item.slot = this.#items.length
    this.#items.push(item)
  }

  /** The last one takes its place. Taking out what is not in does nothing. */
  delete(item: Item): void {
    const { slot } = item
    if (slot === -1) return
    item.slot = -1
    const last = this.#items.pop()!
    if (last === item) return
    last.slot = slot
    this.#items[slot] = last
  }

  some(is: (item: Item) => boolean): boolean {
    return this.#items.some(is)
  }

  /** From the last to the first, so that taking out the one at hand skips nobody. */
  *[Symbol.iterator](): Generator<Item> {
    for (let at = this.#items.length - 1; at >= 0; at -= 1) {
      const item = this.#items[at]
      if (item !== undefined) yield item
    }
  }
}
