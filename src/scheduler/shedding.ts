import type { Ask, Priority } from '../core/ask.ts'

/** Who waits and may have to leave, or has left: as much of it as matters here. */
export interface Sheddable {
  readonly ask: Pick<Ask, 'caller' | 'priority'>
}

/** The least urgent class first. */
const classes: readonly Priority[] = ['batch', 'default', 'interactive']

/**
 * Who leaves a full queue for somebody else: of the least urgent class that waits, and in it of the caller who has most
 * there for its weight, the one that came last and so has the least to lose. In its own class one only takes from a caller
 * who has more, and still has no less afterwards: a place to wait in is shared like the servers are.
 */
export class Shedding<Item extends Sheddable> {
  readonly #crowds: Readonly<Record<Priority, Map<string, Crowd<Item>>>> = {
    batch: new Map(),
    default: new Map(),
    interactive: new Map(),
  }

  enter(item: Item): void {
    const { caller, priority } = item.ask
    const crowds = this.#crowds[priority]
    let crowd = crowds.get(caller.id)
    if (crowd === undefined) crowds.set(caller.id, (crowd = new Crowd(caller.weight)))
    crowd.push(item)
  }

  /** Does nothing for one that is not in. */
  leave(item: Item): void {
    const { caller, priority } = item.ask
    const crowd = this.#crowds[priority].get(caller.id)
    crowd?.remove(item)
    if (crowd?.size === 0) this.#crowds[priority].delete(caller.id)
  }

  whoLeavesFor({ caller, priority }: Sheddable['ask']): Item | undefined {
    for (const one of classes) {
      const crowds = this.#crowds[one]
      let largest: Crowd<Item> | undefined
      for (const crowd of crowds.values()) {
        if (largest === undefined || crowd.shareWithoutLast > largest.shareWithoutLast) largest = crowd
      }
      if (one !== priority) {
        if (largest !== undefined) return largest.last
        continue
      }
      const after = ((crowds.get(caller.id)?.size ?? 0) + 1) / caller.weight
      return largest !== undefined && largest.shareWithoutLast >= after ? largest.last : undefined
    }
    return undefined
  }
}

/** Those of one caller, in the order in which they came. Whoever leaves from the middle stays in the list until it is worth cleaning up. */
class Crowd<Item> {
  readonly #weight: number
  readonly #present = new Set<Item>()
  #order: Item[] = []

  constructor(weight: number) {
    this.#weight = weight
  }

  get size(): number {
    return this.#present.size
  }

  get shareWithoutLast(): number {
    return (this.size - 1) / this.#weight
  }

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
