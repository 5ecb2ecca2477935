import type { World } from '../core/world.ts'

/** So many may always be tried again at once, however few are under way. */
const floor = 3

/** So many may be saved up in calm: all that one server has in hand may have to go elsewhere together. */
const savedMax = 100

/** What a try may be made with: one of those that there may be at once, which is given back, or a saved one, which is spent. */
export type Grant = 'lent' | 'spent'

/**
 * How many asks may be tried again: at once, a share of all that are under way, and beyond that the same share of those that
 * were answered, saved up. So when one server of several falls silent all that it had in hand is asked for elsewhere together,
 * and when everything fails, nothing is earned and the servers get little more to do than without a gateway. Who finds it
 * spent waits until another has been heard or has failed.
 */
export class RetryBudget {
  readonly #share: number
  readonly #underWay: () => number
  readonly #waiting = new Set<(grant: Grant) => void>()
  #taken = 0
  #saved = 0

  constructor(share: number, underWay: () => number) {
    this.#share = share
    this.#underWay = underWay
  }

  /** One was answered at its first try. */
  earn(): void {
    this.#saved = Math.min(savedMax, this.#saved + this.#share)
    if (this.#waiting.size > 0) this.#serve()
  }

  /** Undefined where it was not had within that time. What is lent is to be given back, once. */
  async take(world: World, forMs: number, signal: AbortSignal): Promise<Grant | undefined> {
    const grant = this.#waiting.size === 0 ? this.#tryTake() : undefined
    if (grant !== undefined) return grant
    if (forMs <= 0 || signal.aborted) return undefined
    const { promise, resolve } = Promise.withResolvers<void>()
    const over = new AbortController()
    const leave = (): void => over.abort()
    signal.addEventListener('abort', leave)
    let had: Grant | undefined
    const give = (given: Grant): void => {
      had = given
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
    this.#serve()
  }

  #serve(): void {
    for (const give of this.#waiting) {
      const grant = this.#tryTake()
      if (grant === undefined) return
      this.#waiting.delete(give)
      give(grant)
    }
  }

  #tryTake(): Grant | undefined {
    if (this.#taken < Math.max(floor, Math.floor(this.#share * this.#underWay()))) {
      this.#taken += 1
      return 'lent'
    }
    if (this.#saved < 1) return undefined
    this.#saved -= 1
    return 'spent'
  }
}
