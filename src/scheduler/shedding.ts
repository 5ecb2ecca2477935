import type { Priority } from '../core/ask.ts'

/** Who waits and may have to leave, or has left: as much of it as matters here. */
export interface Sheddable {
  readonly ask: { readonly priority: Priority }
}

/** The least urgent class first. */
const classes: readonly Priority[] = ['batch', 'default', 'interactive']

/**
 * Who leaves a full queue for somebody more urgent: of the least urgent class that waits, the one that came last and so has
 * the least to lose. Nobody leaves for one of the same class.
 */
export class Shedding<Item extends Sheddable> {
  readonly #stacks: Readonly<Record<Priority, Stack<Item>>> = {
    batch: new Stack(),
    default: new Stack(),
    interactive: new Stack(),
  }

  enter(item: Item): void {
    this.#stacks[item.ask.priority].push(item)
  }

  /** Does nothing for one that is not in. */
  leave(item: Item): void {
    this.#stacks[item.ask.priority].remove(item)
  }

  whoLeavesFor(priority: Priority): Item | undefined {
    for (const lower of classes) {
      if (lower === priority) return undefined
      const last = this.#stacks[lower].last
      if (last !== undefined) return last
    }
    return undefined
  }
}

/** In the order in which they came. Whoever leaves from the middle stays in the list until it is worth cleaning up. */
class Stack<Item> {
  readonly #present = new Set<Item>()
  #order: Item[] = []

  get last(): Item | undefined {
    while (this.#order.length > 0 && !this.#present.has(this.#order.at(-1)!)) this.#order.pop()
    return this.#order.at(-1)
  }

  push(item: Item): void {
    this.#present.add(item)
    this.#order.push(item)
  }

  remove(item: Item): void {
    this.#present.delete(item)
    if (this.#order.length > 2 * this.#present.size + 64) this.#order = [...this.#present]
  }
}
