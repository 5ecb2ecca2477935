import type { Ending } from './limit.ts'

export type BreakerState = 'closed' | 'open' | 'half-open'

/** Failures in a row before a server is left alone. */
const failuresMax = 3
const restMs = 1_000
const restMaxMs = 10_000

/**
 * Leaves a server alone that keeps failing, then lets one ask through to see whether it is well again.
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

  allows(now: number): boolean {
    return this.#failures < failuresMax || (now >= this.#restsUntil && !this.#trying)
  }

  state(now: number): BreakerState {
    if (this.#failures < failuresMax) return 'closed'
    return now < this.#restsUntil ? 'open' : 'half-open'
  }

  /** Tells whether this is the one ask that tries a broken server; hand the answer back to `ended`. */
  begun(): boolean {
    if (this.#failures < failuresMax) return false
    this.#trying = true
    return true
  }

  ended(ending: Ending, now: number, wasTrial: boolean): void {
    if (wasTrial) this.#trying = false
    if (ending === 'ignored') return
    // A server that says it is busy is alive.
    if (ending !== 'broke') return this.close()
    if (this.#failures >= failuresMax) {
      // Those that were under way when it broke fail too: they are the same failure and must not lengthen the rest.
      if (!wasTrial) return
      this.#restMs = Math.min(restMaxMs, this.#restMs * 2)
    } else {
      this.#failures += 1
    }
    this.#restsUntil = now + this.#restMs
  }

  close(): void {
    this.#failures = 0
    this.#restMs = restMs
  }
}
