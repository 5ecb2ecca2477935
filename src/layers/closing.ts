import { Fault } from '../core/fault.ts'
import type { Layer } from '../core/serve.ts'

/** Counts those inside. Once it is said to close, nobody else comes in, and it is known when the last one has left. */
export class Closing {
  #inside = 0
  #closing: PromiseWithResolvers<void> | undefined

  get begun(): boolean {
    return this.#closing !== undefined
  }

  /** Nobody comes in from now on. Resolves when nobody is inside. */
  begin(): Promise<void> {
    this.#closing ??= Promise.withResolvers<void>()
    if (this.#inside === 0) this.#closing.resolve()
    return this.#closing.promise
  }

  check(): void {
    if (this.#closing === undefined) return
    throw new Fault('shutting-down', 'The gateway is shutting down; ask again in a moment.', { retryAfterMs: 1_000 })
  }

  readonly layer: Layer = (next) => async (ask) => {
    this.check()
    this.#inside += 1
    try {
      const reply = await next(ask)
      void reply.outcome.then(this.#left)
      return reply
    } catch (error) {
      this.#left()
      throw error
    }
  }

  readonly #left = (): void => {
    this.#inside -= 1
    if (this.#inside === 0) this.#closing?.resolve()
  }
}
