/** Something that is to happen at an instant. It never happens once `off` is set. */
export interface Entry {
  /** Both are set by the agenda. */
  at: number
  order: number
  off: boolean
}

/** What is to happen, soonest first; at the same instant, in the order it was put down. A binary heap. */
export class Agenda<E extends Entry> {
  readonly #heap: E[] = []
  #order = 0

  /** One that was taken may be put down again. */
  add(at: number, entry: E): void {
    entry.at = at
    entry.order = this.#order
    this.#order += 1
    this.#rise(entry)
  }

  /** The soonest that is still to happen, left where it is. */
  peek(): E | undefined {
    while (this.#heap[0]?.off === true) this.#pop()
    return this.#heap[0]
  }

  take(): E | undefined {
    const entry = this.peek()
    if (entry !== undefined) this.#pop()
    return entry
  }

  #rise(entry: E): void {
    const heap = this.#heap
    let at = heap.length
    while (at > 0) {
      const above = (at - 1) >>> 1
      if (!isBefore(entry, heap[above]!)) break
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let below = at * 2 + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below += 1
      if (!isBefore(heap[below]!, last)) break
      heap[at] = heap[below]!
      at = below
    }
    heap[at] = last
  }
}

const isBefore = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)
