import { Fault } from '../core/fault.ts'
import { NetFault } from '../core/world.ts'

/** A model that could not be loaded is tried again after so long, longer each time. */
const restMs = 5_000
const restMaxMs = 300_000

/**
 * A model that does not come into memory. One failure is enough to know it: each further try takes as long as a load does,
 * and may throw out what others use.
 */
export class LoadTrouble {
  readonly since: number
  /** In the server's words. */
  reason: string
  restsUntil: number
  #failures = 1

  constructor(reason: string, now: number) {
    this.since = now
    this.reason = reason
    this.restsUntil = now + restMs
  }

  /** It has failed once. */
  get isNews(): boolean {
    return this.#failures === 1
  }

  again(reason: string, now: number): void {
    this.reason = reason
    this.restsUntil = now + Math.min(restMaxMs, restMs * 2 ** this.#failures)
    this.#failures += 1
  }
}

/** What went wrong with a load, for people; undefined where it says nothing of the model: its server was busy, or gone. */
export function troubleIn(error: unknown): string | undefined {
  if (error instanceof NetFault) return undefined
  if (error instanceof Fault && (error.kind === 'upstream-busy' || error.blame !== 'upstream')) return undefined
  return error instanceof Error ? error.message : 'unknown error'
}
