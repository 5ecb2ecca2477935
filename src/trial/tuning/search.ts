import { between, ladder } from './ladder.ts'
import { measureStep, type Measuring, type Step } from './step.ts'
import { bestOf, type Bounds, isBearable, sweetSpot } from './sweet-spot.ts'

export interface Tuning {
  /** In the order of their numbers. */
  readonly steps: readonly Step[]
  /** Undefined where nothing is known. */
  readonly best: Step | undefined
  readonly stopped: Stop
  /** How many times as fast the best one was when it was measured once more at the end; undefined where it was not. */
  readonly drift: number | undefined
}

/** Why no more than that was tried. */
export type Stop =
  /** Twice in a row more at once gave no more. */
  | 'no-gain'
  /** Somebody would wait too long. */
  | 'too-slow'
  /** A request failed. */
  | 'broke'
  /** With more, its memory for contexts would be full. */
  | 'memory'
  | 'max'
  | 'interrupted'

export interface TuningOptions extends Omit<Measuring, 'isDoubtful'> {
  readonly max: number
  readonly bounds: Bounds
  /** Hears of each step as it is known. */
  readonly onStep?: ((step: Step) => void) | undefined
}

/** A step that gives so much more is worth it. */
const gain = 1.05
/** Some machines do worse with two or three at once than with one, and far better with four. */
const judgedFrom = 4
const memoryMost = 0.95

/**
 * Steps up until more at once gives no more, or somebody would wait too long, or the server is in trouble; then looks between
 * the steps where the answer lies. It never goes on after a request that failed.
 */
export async function tune(options: TuningOptions): Promise<Tuning> {
  const search = new Search(options)
  const stopped = await search.run()
  const best = search.best
  if (best === undefined || stopped === 'broke' || stopped === 'interrupted') return search.tuning(stopped)
  const again = await measureStep(options, best.concurrency)
  if (again === undefined) return search.tuning('interrupted')
  if (again.fault === undefined) return search.tuning(stopped, again.tokensPerSecond / best.tokensPerSecond)
  search.steps[search.steps.indexOf(best)] = again
  return search.tuning('broke')
}

class Search {
  readonly steps: Step[] = []
  readonly #options: TuningOptions

  constructor(options: TuningOptions) {
    this.#options = options
  }

  async run(): Promise<Stop> {
    const stopped = await this.#stepUp()
    if (stopped === 'broke' || stopped === 'interrupted') return stopped
    for (let next = this.#doubtful(); next !== undefined; next = this.#doubtful()) {
      const step = await this.#measure(next)
      if (step === undefined) return 'interrupted'
      if (step.fault !== undefined) return 'broke'
    }
    return stopped
  }

  get best(): Step | undefined {
    return sweetSpot(this.steps, this.#options.bounds)
  }

  tuning(stopped: Stop, drift?: number): Tuning {
    const steps = this.steps.toSorted((a, b) => a.concurrency - b.concurrency)
    return { steps, best: this.best, stopped, drift }
  }

  async #stepUp(): Promise<Stop> {
    const { max } = this.#options
    let idle = 0
    let bestSoFar = 0
    for (const concurrency of ladder(max)) {
      const room = this.#roomFor(concurrency)
      if (room <= (this.steps.at(-1)?.concurrency ?? 0)) return 'memory'
      const step = await this.#measure(Math.min(concurrency, room))
      if (step === undefined) return 'interrupted'
      if (step.fault !== undefined) return 'broke'
      if (!this.#isBearable(step)) return 'too-slow'
      idle = step.tokensPerSecond < gain * bestSoFar ? idle + 1 : 0
      bestSoFar = Math.max(bestSoFar, step.tokensPerSecond)
      if (idle >= 2 && step.concurrency >= judgedFrom) return 'no-gain'
      if (room < concurrency) return 'memory'
    }
    return 'max'
  }

  /** So many of those fit into its memory for contexts, by what it said of the last step. */
  #roomFor(concurrency: number): number {
    const last = this.steps.at(-1)
    if (last?.memory === undefined || last.memory === 0) return concurrency
    return Math.min(concurrency, Math.floor((last.concurrency * memoryMost) / last.memory))
  }

  /** A number between two steps that has to be known to be sure: where it becomes too slow, or just good enough. */
  #doubtful(): number | undefined {
    const inOrder = this.steps.toSorted((a, b) => a.concurrency - b.concurrency)
    const slow = inOrder.findIndex((step) => !this.#isBearable(step))
    const well = slow < 0 ? inOrder : inOrder.slice(0, slow)
    const [lastWell, firstSlow] = [well.at(-1), inOrder[slow]]
    // Only where it still grew could there be more to have before it becomes too slow.
    if (lastWell !== undefined && firstSlow !== undefined && bestOf(well) === lastWell) {
      const doubtful = between(lastWell.concurrency, firstSlow.concurrency)
      if (doubtful !== undefined) return doubtful
    }
    const spot = this.best
    const below = spot && inOrder[inOrder.indexOf(spot) - 1]
    return below && between(below.concurrency, spot.concurrency)
  }

  #isBearable(step: Step): boolean {
    return isBearable(step, this.#options.bounds, this.#alone)
  }

  get #alone(): Step | undefined {
    return this.steps.find(({ concurrency }) => concurrency === 1)
  }

  async #measure(concurrency: number): Promise<Step | undefined> {
    const { bounds, onStep } = this.#options
    const isDoubtful: Measuring['isDoubtful'] = (figures) =>
      this.steps.length > 0 && !isBearable(figures, bounds, this.#alone)
    const step = await measureStep({ ...this.#options, isDoubtful }, concurrency)
    if (step === undefined) return undefined
    this.steps.push(step)
    onStep?.(step)
    return step
  }
}
