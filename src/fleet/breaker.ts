import type { Ending } from './limit.ts'

export type BreakerState = 'closed' | 'open' | 'half-open'

/** Failures in a row before it is left alone: one broken connection, or a few at once, are no reason to do without it. */
const failuresMax = 5
const restMs = 1_000
const restMaxMs = 30_000

/**
 * Leaves alone what keeps failing, a server or one model on it, then lets one ask through to see whether it is well again.
 * The rest is short, and doubles with every ask that finds it still broken.
 */
export class Breaker {
  #failures = 0
  #restMs = restMs
  #restsUntil = 0
  #trying = false

  /** When it may be tried again; undefined while it need not rest. */
  get restsUntil(): number | undefined {
    return this.#failures < failuresMax ? undefined : this.#restsUntil
  }

  /** One ask is finding out whether it is well again. */
  get isTrying(): boolean {
    return this.#trying
  }

  allows(now: number): boolean {
    return this.#failures < failuresMax || (now >= this.#restsUntil && !this.#trying)
  }

  state(now: number): BreakerState {
    if (this.#failures < failuresMax) return 'closed'
    return now < this.#restsUntil ? 'open' : 'half-open'
  }

  /** Tells whether this is the one ask that tries what was broken; hand the answer back to `ended`. */
  begun(): boolean {
    if (this.#failures < failuresMax) return false
    this.#trying = true
    return true
  }

  ended(ending: Ending, now: number, wasTrial: boolean): void {
    if (wasTrial) this.#trying = false
    if (ending === 'ignored') return
    // What says that it is busy is alive.
    if (ending === 'served' || ending === 'overloaded') return this.close()
    if (this.#failures >= failuresMax) {
      // Those that were under way when it broke fail too: they are the same failure and must not lengthen the rest.
      if (!wasTrial) return
      this.#restMs = Math.min(restMaxMs, this.#restMs * 2)
    } else {
      this.#failures += 1
    }
    this.#restsUntil = now + this.#restMs
  }

  /** It is known to be broken: no more failures are needed to leave it alone. */
  open(now: number, atLeastMs: number): void {
    this.#failures = failuresMax
    this.#restMs = Math.max(this.#restMs, atLeastMs)
    this.#restsUntil = Math.max(this.#restsUntil, now + this.#restMs)
  }

  close(): void {
    this.#failures = 0
    this.#restMs = restMs
  }
}
