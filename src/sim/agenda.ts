/** Something that is to happen at an instant. It never happens once `off` is set. */
export interface Entry {
  readonly at: number
  readonly order: number
  readonly wake: () => void
  off: boolean
}

/** What is to happen, soonest first; at the same instant, in the order it was put down. A binary heap. */
export class Agenda {
  readonly #heap: Entry[] = []
  #order = 0

  add(at: number, wake: () => void): Entry {
    const entry = { at, order: this.#order, wake, off: false }
    this.#order += 1
    this.#rise(entry)
    return entry
  }

  /** The soonest that is still to happen, left where it is. */
  peek(): Entry | undefined {
    while (this.#heap[0]?.off === true) this.#pop()
    return this.#heap[0]
  }

  take(): Entry | undefined {
    const entry = this.peek()
    if (entry !== undefined) this.#pop()
    return entry
  }

  #rise(entry: Entry): void {
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
