import type { World } from '../core/world.ts'

const triesMost = 10
const spanMs = 60_000
/** Addresses remembered. Whoever has tried least lately is forgotten first. */
const addressesMost = 10_000

/** Wrong tokens by address: after so many in a minute, nothing more is heard from there until the minute is over. */
export class Tries {
  readonly #clock: Pick<World, 'now'>
  readonly #failed = new Map<string, { count: number; readonly since: number }>()

  constructor(clock: Pick<World, 'now'>) {
    this.#clock = clock
  }

  /** Until this address is heard again; 0 when it is heard now. */
  waitMs(address: string): number {
    const tried = this.#failed.get(address)
    if (tried === undefined) return 0
    const leftMs = tried.since + spanMs - this.#clock.now()
    if (leftMs <= 0) this.#failed.delete(address)
    return leftMs <= 0 || tried.count < triesMost ? 0 : leftMs
  }

  failed(address: string): void {
    const tried = this.#failed.get(address)
    if (tried !== undefined) tried.count += 1
    else this.#failed.set(address, { count: 1, since: this.#clock.now() })
    if (this.#failed.size > addressesMost) this.#failed.delete(this.#failed.keys().next().value!)
  }
}
