import type { Emit, Event } from './event.ts'

/** Those who hear of everything that happens, in the order in which they came. */
export class Listeners {
  readonly #listeners: ((event: Event) => void)[]

  constructor(...first: ((event: Event) => void)[]) {
    this.#listeners = first
  }

  readonly emit: Emit = (event) => {
    for (const listen of this.#listeners) listen(event)
  }

  /** Gives back what ends it. */
  add(listener: (event: Event) => void): () => void {
    this.#listeners.push(listener)
    return () => {
      const at = this.#listeners.indexOf(listener)
      if (at !== -1) this.#listeners.splice(at, 1)
    }
  }
}
