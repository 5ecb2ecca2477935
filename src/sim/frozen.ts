import type { World } from '../core/world.ts'
import type { Resident } from './residents.ts'

/** How long a runner is given to say that it is well. */
const pingMs = 10_000

type Ping = 'none' | 'under way' | 'failed'

/**
 * Models whose runner stands still with everything in its hands, while the server around it says that all is well. Whoever
 * asks for such a model next has its runner pinged, where the server does that.
 */
export class FrozenRunners {
  readonly #clock: Pick<World, 'sleep'>
  readonly #pings: boolean
  readonly #models = new Map<string, { ping: Ping; over?: Promise<void> }>()

  constructor(clock: Pick<World, 'sleep'>, pings: boolean) {
    this.#clock = clock
    this.#pings = pings
  }

  freeze(model: string): void {
    if (!this.#models.has(model)) this.#models.set(model, { ping: 'none' })
  }

  thaw(model: string): void {
    this.#models.delete(model)
  }

  clear(): void {
    this.#models.clear()
  }

  has(model: string): boolean {
    return this.#models.has(model)
  }

  /** Somebody wants it. `onSilence` is told when its runner has not answered. */
  asked(model: string, onSilence: () => void): void {
    const runner = this.#models.get(model)
    if (runner === undefined || !this.#pings || runner.ping !== 'none') return
    runner.ping = 'under way'
    runner.over = this.#clock.sleep(pingMs).then(() => {
      if (this.#models.get(model) !== runner) return
      runner.ping = 'failed'
      onSilence()
    })
  }

  /** It is known to be frozen, and nobody is left in its hands: its runner goes, and another comes. */
  goes({ name, running }: Pick<Resident, 'name' | 'running'>): boolean {
    const isOver = this.#models.get(name)?.ping === 'failed' && running === 0
    if (isOver) this.thaw(name)
    return isOver
  }

  /** While one of them is waited for no model is loaded. */
  get holdsLoads(): boolean {
    return [...this.#models.values()].some(({ ping }) => ping !== 'none')
  }

  /** What the server tells of its models waits for this. */
  get pinged(): Promise<void> | undefined {
    return [...this.#models.values()].find(({ ping }) => ping === 'under way')?.over
  }
}
