import type { World } from '../core/world.ts'

/** So many may always be tried again at once, however few are under way. */
const floor = 3

/**
 * How many asks may be tried again at once, as a share of all that are under way: when everything fails, the servers get
 * little more to do than without a gateway. Who finds it spent waits until another has been heard or has failed.
 */
export class RetryBudget {
  readonly #share: number
  readonly #underWay: () => number
  readonly #waiting = new Set<() => void>()
  #taken = 0

  constructor(share: number, underWay: () => number) {
    this.#share = share
    this.#underWay = underWay
  }

  /** True when it was had within that time. It is to be given back once. */
  async take(world: World, forMs: number, signal: AbortSignal): Promise<boolean> {
    if (this.#waiting.size === 0 && this.#tryTake()) return true
    if (forMs <= 0 || signal.aborted) return false
    const { promise, resolve } = Promise.withResolvers<void>()
    const over = new AbortController()
    const leave = (): void => over.abort()
    signal.addEventListener('abort', leave)
    let had = false
    const give = (): void => {
      had = true
      resolve()
    }
    this.#waiting.add(give)
    await Promise.race([promise, world.sleep(forMs, over.signal)])
    this.#waiting.delete(give)
    signal.removeEventListener('abort', leave)
    over.abort()
    return had
  }

  giveBack(): void {
    this.#taken -= 1
    for (const give of this.#waiting) {
      if (!this.#tryTake()) return
      this.#waiting.delete(give)
      give()
    }
  }

  #tryTake(): boolean {
    if (this.#taken >= Math.max(floor, Math.floor(this.#share * this.#underWay()))) return false
    this.#taken += 1
    return true
  }
}
