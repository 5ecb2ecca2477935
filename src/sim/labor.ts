import type { World } from '../core/world.ts'

export type Clock = Pick<World, 'now' | 'epochMs' | 'sleep'>

/** Time as one engine has it: it may be slow, stand still, or begin a new life in which nothing of the last one goes on. */
export class Labor {
  readonly clock: Clock
  /** So many times as long as its numbers say. */
  slowness = 1
  /** Whatever was under way in an earlier life does nothing any more. */
  life = 0
  #frozen: PromiseWithResolvers<void> | undefined

  constructor(clock: Clock) {
    this.clock = clock
  }

  freeze(): void {
    this.#frozen ??= Promise.withResolvers<void>()
  }

  thaw(): void {
    this.#frozen?.resolve()
    this.#frozen = undefined
  }

  /** Lets that much work pass; false when the engine has died over it. */
  work(ms: number, signal?: AbortSignal): Promise<boolean> {
    return this.pass(ms * this.slowness, signal)
  }

  /** The same, of so much time. */
  async pass(ms: number, signal?: AbortSignal): Promise<boolean> {
    const { life } = this
    await this.clock.sleep(ms, signal)
    while (this.#frozen !== undefined) await this.#frozen.promise
    return life === this.life
  }
}
