/** Something that knows where it stands in its heap, so that it can be taken out of the middle. */
export interface Heaped {
  heapAt: number
}

/** Keeps the first of many at hand; putting in, taking out and moving cost the logarithm of how many there are. */
export class Heap<Item extends Heaped> {
  readonly #items: Item[] = []
  readonly #before: (one: Item, other: Item) => boolean

  constructor(before: (one: Item, other: Item) => boolean) {
    this.#before = before
  }

  get first(): Item | undefined {
    return this.#items[0]
  }

  /** All of them, in no order. */
  [Symbol.iterator](): Iterator<Item> {
    return this.#items.values()
  }

  has(item: Item): boolean {
    return this.#items[item.heapAt] === item
  }

  push(item: Item): void {
    this.#items.push(item)
    this.#rise(item, this.#items.length - 1)
  }

  remove(item: Item): void {
    if (!this.has(item)) return
    const last = this.#items.pop()!
    const at = item.heapAt
    item.heapAt = -1
    if (last === item) return
    last.heapAt = at
    this.#items[at] = last
    this.moved(last)
  }

  /** To be told when an item's rank has changed. */
  moved(item: Item): void {
    this.#rise(item, item.heapAt)
    this.#sink(item, item.heapAt)
  }

  #rise(item: Item, from: number): void {
    let at = from
    while (at > 0) {
      const parentAt = (at - 1) >> 1
      const parent = this.#items[parentAt]!
      if (!this.#before(item, parent)) break
      this.#put(parent, at)
      at = parentAt
    }
    this.#put(item, at)
  }

  #sink(item: Item, from: number): void {
    let at = from
    for (;;) {
      let childAt = 2 * at + 1
      if (childAt >= this.#items.length) break
      const right = this.#items[childAt + 1]
      if (right !== undefined && this.#before(right, this.#items[childAt]!)) childAt += 1
      const child = this.#items[childAt]!
      if (!this.#before(child, item)) break
      this.#put(child, at)
      at = childAt
    }
    this.#put(item, at)
  }

  #put(item: Item, at: number): void {
    this.#items[at] = item
    item.heapAt = at
  }
}
