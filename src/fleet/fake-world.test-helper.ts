import type { Inbound, Outbound, World } from '../core/world.ts'

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

/** For tests: a clock that moves only when told, chance without surprise, and a network that is one function. */
export class FakeWorld implements World {
  #now = 0
  #sleepers: Sleeper[] = []
  answer: (out: Outbound) => Promise<Inbound> = () => new Promise(() => {})
  chance = 0.5

  /** How many wait for the clock. */
  get sleeping(): number {
    return this.#sleepers.length
  }

  now(): number {
    return this.#now
  }

  epochMs(): number {
    return 1_700_000_000_000 + this.#now
  }

  random(): number {
    return this.chance
  }

  send(out: Outbound): Promise<Inbound> {
    return this.answer(out)
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const sleeper: Sleeper = { at: this.#now + Math.max(0, ms), wake }
      this.#sleepers.push(sleeper)
      signal?.addEventListener('abort', wake)
    })
  }

  /** Lets everything happen that can happen without the clock. */
  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
  }

  /** Moves the clock, waking sleepers one after another on the way. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    await this.settle()
    for (;;) {
      let next: Sleeper | undefined
      for (const sleeper of this.#sleepers)
        if (sleeper.at <= until && (next === undefined || sleeper.at < next.at)) next = sleeper
      if (next === undefined) break
      this.#now = Math.max(this.#now, next.at)
      next.wake()
      await this.settle()
    }
    this.#now = until
  }
}

/** An answer of a fake server. */
export function answerOf(status: number, body: unknown): Inbound {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  return {
    status,
    headers: {},
    body: (async function* () {
      yield bytes
    })(),
  }
}
