import { type Inbound, NetFault, type Outbound, type World } from '../core/world.ts'
import { Agenda, type Entry } from './agenda.ts'
import { type Chance, chanceOf } from './chance.ts'

/** Something that answers HTTP requests at an origin. */
export interface Station {
  send(out: Outbound): Promise<Inbound>
}

/** The date at which every simulated history begins. */
const beginMs = Date.UTC(2026, 0, 1)

/**
 * A world in which time passes only when nothing else can happen, and every run from one seed is the same run.
 * The network has no length of its own: what it costs, the stations say.
 */
export class SimWorld implements World {
  readonly seed: number
  readonly #agenda = new Agenda<Sleep>()
  readonly #stations = new Map<string, Station>()
  readonly #chance: Chance
  #now = 0
  #dateMs = beginMs

  constructor(seed: number) {
    this.seed = seed
    this.#chance = this.chance('gateway')
  }

  now(): number {
    return this.#now
  }

  epochMs(): number {
    return this.#dateMs + this.#now
  }

  /** Somebody sets the clock on the wall; time goes on as it did. */
  setDate(byMs: number): void {
    this.#dateMs += byMs
  }

  /** What the gateway draws from. Everybody else has a stream of their own, so that one draw more here shifts nothing there. */
  random(): number {
    return this.#chance()
  }

  chance(purpose: string): Chance {
    return chanceOf(this.seed, purpose)
  }

  sleep(ms: number, signal?: AbortSignal, nothingYet?: () => boolean): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve()
    return new Promise((resolve) => {
      const sleep = new Sleep(Math.max(ms, 0), resolve, signal, nothingYet)
      this.#agenda.add(this.#now + sleep.ms, sleep)
    })
  }

  attach(origin: string, station: Station): void {
    this.#stations.set(origin, station)
  }

  send(out: Outbound): Promise<Inbound> {
    const station = this.#stations.get(out.origin)
    if (station === undefined) {
      return Promise.reject(new NetFault('refused', `Nobody listens at ${out.origin}.`, { unsent: true }))
    }
    return station.send(out)
  }

  /** Nothing is going to happen any more. */
  get idle(): boolean {
    return this.#agenda.peek() === undefined
  }

  /**
   * Lets time pass until the work has settled, and gives its result. Rejects when nothing is left that could ever settle
   * it, or when it has not settled by `untilMs`: somebody waits for ever.
   */
  async run<T>(work: Promise<T>, untilMs: number = Infinity): Promise<T> {
    let settled = false
    const done = (): void => {
      settled = true
    }
    work.then(done, done)
    // Who begins this in the midst of an event, and not after an await, has ticks come before what is under way.
    await Promise.resolve()
    let isStill = false
    for (let instant = 1; ; instant += 1) {
      if (!isStill) await calm()
      // The rest of the process lives on real time, and wants its turn.
      if (instant % 1_000 === 0) await breath()
      if (settled) return work
      const next = this.#agenda.peek()
      if (next === undefined)
        throw new Error(`At ${this.#now} ms nothing can happen any more, and somebody still waits.`)
      if (next.at > untilMs) throw new Error(`By ${untilMs} ms somebody still waits.`)
      this.#now = next.at
      isStill = !this.#wake()
    }
  }

  /** All of one instant at once: what they set off happens at that instant too, and is waited for together. False where all sleep on. */
  #wake(): boolean {
    let anyone = false
    while (this.#agenda.peek()?.at === this.#now) {
      const sleep = this.#agenda.take()!
      if (sleep.nothingYet?.() === true) this.#agenda.add(this.#now + sleep.ms, sleep)
      else {
        sleep.wake()
        anyone = true
      }
    }
    return anyone
  }
}

/** Somebody who waits for an instant, or for a signal. */
class Sleep implements Entry {
  at = 0
  order = 0
  off = false
  readonly ms: number
  readonly nothingYet: (() => boolean) | undefined
  readonly #resolve: () => void
  readonly #signal: AbortSignal | undefined

  constructor(ms: number, resolve: () => void, signal?: AbortSignal, nothingYet?: () => boolean) {
    this.ms = ms
    this.nothingYet = nothingYet
    this.#resolve = resolve
    this.#signal = signal
    signal?.addEventListener('abort', this)
  }

  wake(): void {
    this.#signal?.removeEventListener('abort', this)
    this.#resolve()
  }

  /** Of the signal. */
  handleEvent(): void {
    this.off = true
    this.#resolve()
  }
}

/** Resolves when everything that can happen at this instant has happened: no microtask is left, and no immediate. */
async function calm(): Promise<void> {
  await tick()
  // Somebody who looks again and again whether time has passed must not keep it from passing.
  for (let round = 0; round < 10 && process.getActiveResourcesInfo().includes('Immediate'); round += 1) await breath()
}

/** Runs when no microtask is left. It costs a quarter of an immediate, and a day has millions of instants. */
const tick = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))

const breath = (): Promise<void> => new Promise((resolve) => setImmediate(() => process.nextTick(resolve)))
