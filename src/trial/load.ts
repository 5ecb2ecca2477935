import type { World } from '../core/world.ts'
import type { Question } from './question.ts'
import type { Sample } from './sample.ts'
import type { Target } from './target.ts'

interface LoadOptions {
  readonly questions: () => Question
  /** Nothing more is asked after so long; what is under way is heard to its end. */
  readonly forMs?: number | undefined
  /** Nothing more is asked after so many. */
  readonly requests?: number | undefined
  /** Looked at before each question: nothing more is asked once it says so. */
  readonly isEnough?: (() => boolean) | undefined
  /** Hears of each as it ends. */
  readonly onSample?: ((sample: Sample) => void) | undefined
  /** Ends all at once: what is under way is broken off, and leaves no sample. */
  readonly signal: AbortSignal
}

export interface ClosedLoop extends LoadOptions {
  /** So many are under way at any time: each asks again as soon as it was answered. */
  readonly concurrency: number
}

export interface OpenLoop extends LoadOptions {
  /** Milliseconds until the next one asks, however the others fare. */
  readonly arrivals: () => number
}

/** Who was turned away asks again no sooner. */
const restMs = 200
const restMaxMs = 5_000

/** A fixed number of callers, who ask one question after the other. Resolves with all that was answered, in that order. */
export async function closedLoop(world: World, target: Target, options: ClosedLoop): Promise<Sample[]> {
  const load = new Load(world, target, options)
  const { concurrency, signal } = options
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (load.goesOn()) {
        const { fault, retryAfterMs = restMs } = await load.ask()
        if (fault !== undefined && !load.isOver) await world.sleep(Math.min(retryAfterMs, restMaxMs), signal)
      }
    }),
  )
  return load.samples
}

/** Callers who come at their own times, whether those before them were answered or not. */
export async function openLoop(world: World, target: Target, options: OpenLoop): Promise<Sample[]> {
  const load = new Load(world, target, options)
  const { arrivals, signal } = options
  const underWay: Promise<unknown>[] = []
  let nextAt = world.now() + arrivals()
  while (!load.isOver) {
    // By the clock and not by the sum of the sleeps, which are a little late each.
    if (nextAt > world.now()) await world.sleep(Math.min(nextAt - world.now(), load.leftMs), signal)
    if (!load.goesOn()) break
    underWay.push(load.ask())
    nextAt += arrivals()
  }
  await Promise.all(underWay)
  return load.samples
}

/** Arrivals that know nothing of one another. */
export const poissonArrivals =
  (perSecond: number, random: () => number): (() => number) =>
  () =>
    (-Math.log(1 - random()) * 1_000) / perSecond

class Load {
  readonly samples: Sample[] = []
  readonly #world: World
  readonly #target: Target
  readonly #options: LoadOptions
  readonly #untilMs: number
  #asked = 0

  constructor(world: World, target: Target, options: LoadOptions) {
    this.#world = world
    this.#target = target
    this.#options = options
    this.#untilMs = world.now() + (options.forMs ?? Infinity)
  }

  get leftMs(): number {
    return Math.max(0, this.#untilMs - this.#world.now())
  }

  get isOver(): boolean {
    const { requests = Infinity, isEnough, signal } = this.#options
    return signal.aborted || this.#asked >= requests || this.leftMs === 0 || isEnough?.() === true
  }

  /** Whether one more may ask, which is then counted. */
  goesOn(): boolean {
    if (this.isOver) return false
    this.#asked += 1
    return true
  }

  async ask(): Promise<Sample> {
    const { questions, onSample, signal } = this.#options
    const sample = await this.#target.ask(questions(), signal)
    if (!signal.aborted) {
      this.samples.push(sample)
      onSample?.(sample)
    }
    return sample
  }
}
