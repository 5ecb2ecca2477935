import { type EngineSpec, stepMsAt } from './engine-spec.ts'
import type { Run } from './job.ts'
import type { Labor } from './labor.ts'

/**
 * How finely a server tells what it says: each token by itself, or after the first one only pieces, which is much quicker to
 * simulate. When each token is said, and what is free when, is the same in both.
 */
export type Grain = 'token' | 'coarse'

/** Who listens to pieces hears of each answer at least this often: well within the time after which gateways give up. */
const quietMs = 5_000
/** Where nobody is to be told of anything it looks around after that time all the same. */
const stretchMostMs = 20_000
/** Sums of fractions are a little off. */
const hair = 1e-6

/** Steps of equal length, in the midst of which nobody is told of anything. */
interface Stretch {
  readonly beganAt: number
  readonly stepMs: number
  /** Ends it: what is still asleep then wakes up to nothing, which costs less than to keep it from that. */
  readonly cut: () => void
  steps: number
  /** Of those that are over, so many are taken down. */
  done: number
}

/** What the engine around it knows, and does when tokens were said. */
export interface StepsParts {
  readonly spec: EngineSpec
  readonly labor: Labor
  readonly grain: Grain
  /** While prompts are read that keep everybody from speaking. */
  readonly untilRead: () => Promise<void> | undefined
  /** A model that stands still takes its part in each step and says nothing. */
  readonly standsStill: (model: string) => boolean
  /** Tokens that still fit into memory. */
  readonly room: () => number
  /** It has said so many more. */
  readonly count: (run: Run, tokens: number) => void
  /** After what was counted last it is to be looked after: told, ended, or thrown out. */
  readonly onTold: (run: Run) => void
}

/** All that generate say a token per step, and the fuller the step the longer it takes. */
export class Steps {
  readonly #parts: StepsParts
  /** Read, and to take part from the next step on. Each change makes another list: whoever goes through one is not disturbed. */
  joining: readonly Run[] = []
  speaking: readonly Run[] = []
  #isGoing = false
  #stretch: Stretch | undefined
  #untilStepped: PromiseWithResolvers<void> | undefined

  constructor(parts: StepsParts) {
    this.#parts = parts
  }

  get size(): number {
    return this.joining.length + this.speaking.length
  }

  /** A prompt is to be read: the end of the step that keeps it from that, if there is one. */
  untilStepped(): Promise<void> | undefined {
    if (this.#untilStepped !== undefined) this.disturb()
    return this.#untilStepped?.promise
  }

  /** Its prompt has been read, which gave its first token. */
  join(run: Run): void {
    this.disturb()
    this.joining = [...this.joining, run]
    this.#say(run)
  }

  start(): void {
    if (!this.#isGoing) void this.#go()
  }

  leave(run: Run): void {
    this.joining = without(run, this.joining)
    this.speaking = without(run, this.speaking)
  }

  clear(): void {
    this.#stretch?.cut()
    this.joining = []
    this.speaking = []
    this.#isGoing = false
    this.#stretch = undefined
    this.#untilStepped = undefined
  }

  /** Takes down what was said meanwhile without anybody being told. */
  settle(): void {
    const stretch = this.#stretch
    if (stretch === undefined) return
    const { labor, standsStill, count } = this.#parts
    // One that ends at this instant is not over yet: what comes at the same instant has mostly been on its way for longer.
    const passed = Math.ceil((labor.clock.now() - stretch.beganAt) / stretch.stepMs - hair) - 1
    // The last one is told of.
    const more = Math.min(passed, stretch.steps - 1) - stretch.done
    if (more <= 0) return
    stretch.done += more
    for (const run of this.speaking) if (!standsStill(run.job.model)) count(run, more)
  }

  /** From the end of this step on things are different. */
  disturb(): void {
    this.settle()
    const stretch = this.#stretch
    if (stretch === undefined || stretch.steps === stretch.done + 1) return
    stretch.steps = stretch.done + 1
    stretch.cut()
  }

  /** More of the memory is taken. */
  squeeze(): void {
    const stretch = this.#stretch
    if (stretch === undefined) return
    this.settle()
    if ((stretch.steps - stretch.done) * this.speaking.length > this.#parts.room()) this.disturb()
  }

  async #go(): Promise<void> {
    this.#isGoing = true
    const { labor, untilRead, spec, standsStill } = this.#parts
    const { life } = labor
    for (;;) {
      for (let read = untilRead(); read !== undefined; read = untilRead()) {
        await read
        if (life !== labor.life) return
      }
      if (this.joining.length > 0) this.speaking = [...this.speaking, ...this.joining]
      this.joining = []
      if (this.speaking.length === 0) break
      if (spec.prefillStalls) this.#untilStepped = Promise.withResolvers<void>()
      if (!(await this.#pass(stepMsAt(spec.stepMs, this.speaking.length)))) return
      this.#untilStepped?.resolve()
      this.#untilStepped = undefined
      const all = this.speaking
      for (const run of all) {
        // The end of one may have been the end of others.
        const isIn = this.speaking === all || this.speaking.includes(run)
        if (isIn && !standsStill(run.job.model)) this.#say(run)
      }
      if (life !== labor.life) return
    }
    this.#isGoing = false
  }

  /** Lets a step pass, or as many as there are until somebody is to be told; the last of them is yet to be counted. */
  async #pass(ms: number): Promise<boolean> {
    const { labor, grain } = this.#parts
    if (grain === 'token') return labor.work(ms)
    const beganAt = labor.clock.now()
    const stepMs = ms * labor.slowness
    const steps = this.#stepsUntilTold(beganAt, stepMs)
    if (steps === 1) return labor.pass(stepMs)
    const { life } = labor
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const stretch: Stretch = { beganAt, stepMs, steps, done: 0, cut: () => resolve(undefined) }
    this.#stretch = stretch
    void labor.pass(steps * stepMs).then(resolve)
    await promise
    if (life !== labor.life) return false
    if (stretch.steps < steps && !(await labor.pass(beganAt + stretch.steps * stepMs - labor.clock.now()))) return false
    this.settle()
    this.#stretch = undefined
    return true
  }

  #stepsUntilTold(now: number, stepMs: number): number {
    const { standsStill, room } = this.#parts
    let steps = Math.min(stretchMostMs / stepMs, room() / this.speaking.length)
    for (const run of this.speaking) {
      if (!standsStill(run.job.model)) steps = Math.min(steps, tokensUntilTold(run, now, stepMs))
    }
    return Math.max(1, Math.floor(steps))
  }

  #say(run: Run): void {
    this.#parts.count(run, 1)
    const now = this.#parts.labor.clock.now()
    if (this.#parts.grain === 'coarse' && run.said > 1 && !isToBeTold(run, now) && this.#parts.room() >= 0) return
    run.toldAt = now
    this.#parts.onTold(run)
  }
}

const without = (run: Run, runs: readonly Run[]): readonly Run[] =>
  runs.includes(run) ? runs.filter((one) => one !== run) : runs

/** Between two pieces, as far as tokens have to do with it. */
function tokensUntilTold(
  { job: { outputTokens, stops = [], isWhole = false }, said, toldAt }: Run,
  now: number,
  stepMs: number,
): number {
  let tokens = outputTokens - said
  for (const stop of stops) if (stop > said) tokens = Math.min(tokens, stop - said)
  return isWhole ? tokens : Math.min(tokens, Math.max(1, Math.ceil((toldAt + quietMs - now) / stepMs)))
}

function isToBeTold({ job: { outputTokens, stops = [], isWhole = false }, said, toldAt }: Run, now: number): boolean {
  return said >= outputTokens || stops.includes(said) || (!isWhole && now - toldAt >= quietMs - hair)
}
