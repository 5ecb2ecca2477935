import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** The part of the time that may go into it. */
const share = 0.05

/**
 * Collects garbage where it is worth its time. By itself the engine does it when more memory is asked for; a process that
 * refuses everybody asks for none, and would keep what its last callers left behind, and refuse everybody, for ever.
 */
export class Collector {
  readonly #collect: () => void
  readonly #now: () => number
  #againAt = -Infinity

  constructor(collect: () => void = collectorOfEngine(), now: () => number = () => performance.now()) {
    this.#collect = collect
    this.#now = now
  }

  /** Whether it did. */
  collect(): boolean {
    const startedAt = this.#now()
    if (startedAt < this.#againAt) return false
    this.#collect()
    const endedAt = this.#now()
    this.#againAt = endedAt + (endedAt - startedAt) / share
    return true
  }
}

function collectorOfEngine(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
