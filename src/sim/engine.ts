import type { World } from '../core/world.ts'
import { type EngineSpec, stepMsAt } from './engine-spec.ts'
import type { Ledger } from './ledger.ts'
import { Prefixes } from './prefixes.ts'

export type Clock = Pick<World, 'now' | 'epochMs' | 'sleep'>

/** A generation, as the engine sees it: so many tokens to read, so many to say. */
export interface Job {
  readonly model: string
  readonly promptTokens: number
  readonly blocks: readonly number[]
  readonly outputTokens: number
  onToken(index: number): void
  /** Told at most once, and not of a run that was dropped. */
  onEnd(ending: JobEnding, run: Run): void
}

/** All was said; it can never fit; memory ran out and took everything with it; the machine went down. */
export type JobEnding = 'whole' | 'full' | 'out-of-memory' | 'crashed'

/** A job and how far it is. */
export interface Run {
  readonly job: Job
  readonly submittedAt: number
  /** When it got a place, when its first token came. */
  startedAt: number
  firstTokenAt: number
  loadMs: number
  cachedTokens: number
  said: number
  state: 'waiting' | 'running' | 'over'
}

/**
 * An inference engine made of arithmetic. Prompts are read one after the other; all that generate say a token per step,
 * and the fuller the step the longer it takes. Its own queue has no bound.
 */
export class Engine {
  readonly #spec: EngineSpec
  readonly #clock: Clock
  readonly #ledger: Ledger
  readonly #waiting = new Map<string, Set<Run>>()
  readonly #loaded = new Map<string, { running: number; usedAt: number; prefixes: Prefixes }>()
  readonly #reading = new Set<Run>()
  /** Read, and to take part from the next step on. */
  readonly #joining = new Set<Run>()
  readonly #speaking = new Set<Run>()
  #heldTokens = 0
  #loading: string | undefined
  #stopReading: AbortController | undefined
  #steps = false
  /** Whatever was under way in an earlier life does nothing any more. */
  #life = 0
  #frozen: PromiseWithResolvers<void> | undefined
  slowness = 1

  constructor(spec: EngineSpec, clock: Clock, ledger: Ledger) {
    this.#spec = spec
    this.#clock = clock
    this.#ledger = ledger
  }

  get loaded(): readonly string[] {
    return [...this.#loaded.keys()]
  }

  /** Puts a model into memory before anybody asks. */
  warm(model: string): void {
    this.#loaded.set(model, this.#fresh())
  }

  submit(job: Job): Run {
    const now = this.#clock.now()
    const run: Run = {
      job,
      submittedAt: now,
      startedAt: now,
      firstTokenAt: now,
      loadMs: 0,
      cachedTokens: 0,
      said: 0,
      state: 'waiting',
    }
    if (job.promptTokens + 1 > this.#spec.memoryTokens) {
      run.state = 'over'
      job.onEnd('full', run)
      return run
    }
    const queue = this.#waiting.get(job.model)
    if (queue === undefined) this.#waiting.set(job.model, new Set([run]))
    else queue.add(run)
    this.#fill()
    return run
  }

  /** Nobody waits for it any more: it stops at once, wherever it is. */
  drop(run: Run): void {
    if (run.state === 'over') return
    if (run.state === 'waiting') this.#waiting.get(run.job.model)?.delete(run)
    this.#leave(run)
    this.#fill()
  }

  /** Everything it does breaks, and its memory is empty. */
  die(how: 'out-of-memory' | 'crashed'): void {
    this.#life += 1
    const runs = [
      ...this.#speaking,
      ...this.#joining,
      ...this.#reading,
      ...[...this.#waiting.values()].flatMap((queue) => [...queue]),
    ]
    for (const set of [this.#speaking, this.#joining, this.#reading, this.#waiting, this.#loaded]) set.clear()
    this.#heldTokens = 0
    this.#loading = undefined
    this.#stopReading = undefined
    this.#steps = false
    this.thaw()
    for (const run of runs) {
      run.state = 'over'
      run.job.onEnd(how, run)
    }
  }

  /** Stands still with everything in its hands, and says so to nobody. */
  freeze(): void {
    this.#frozen ??= Promise.withResolvers<void>()
  }

  thaw(): void {
    this.#frozen?.resolve()
    this.#frozen = undefined
  }

  /** Gives places to those who wait, as long as there are any. */
  #fill(): void {
    for (const [model, queue] of this.#waiting) {
      if (queue.size === 0) {
        this.#waiting.delete(model)
        continue
      }
      const loaded = this.#loaded.get(model)
      if (loaded === undefined) {
        if (this.#makeRoom(model)) void this.#load(model)
        continue
      }
      for (const run of queue) {
        if (loaded.running >= this.#spec.slots || !this.#fits(run)) break
        queue.delete(run)
        loaded.running += 1
        loaded.usedAt = this.#clock.now()
        run.state = 'running'
        run.startedAt = loaded.usedAt
        this.#heldTokens += run.job.promptTokens + run.said
        this.#reading.add(run)
        if (this.#stopReading === undefined) void this.#read()
      }
    }
  }

  #fits(run: Run): boolean {
    return this.#heldTokens + run.job.promptTokens + run.said + 1 <= this.#spec.memoryTokens
  }

  /** One model is loaded at a time, and only an idle one makes room: who waits for a busy one waits. */
  #makeRoom(model: string): boolean {
    if (this.#loading !== undefined) return false
    if (this.#loaded.size < this.#spec.loadedMax) return true
    let victim: string | undefined
    let usedAt = Infinity
    for (const [name, loaded] of this.#loaded) {
      if (name === model || loaded.running > 0 || loaded.usedAt >= usedAt) continue
      victim = name
      usedAt = loaded.usedAt
    }
    if (victim !== undefined) this.#loaded.delete(victim)
    return victim !== undefined
  }

  async #load(model: string): Promise<void> {
    this.#loading = model
    this.#ledger.loads += 1
    const beganAt = this.#clock.now()
    if (!(await this.#work(this.#spec.loadMs))) return
    this.#loading = undefined
    this.#loaded.set(model, this.#fresh())
    for (const run of this.#waiting.get(model) ?? [])
      run.loadMs = this.#clock.now() - Math.max(beganAt, run.submittedAt)
    this.#fill()
  }

  #fresh(): { running: number; usedAt: number; prefixes: Prefixes } {
    return { running: 0, usedAt: this.#clock.now(), prefixes: new Prefixes(this.#spec.cacheBlocks) }
  }

  async #read(): Promise<void> {
    const life = this.#life
    for (const run of this.#reading) {
      const { model, promptTokens, blocks } = run.job
      const { prefixes } = this.#loaded.get(model)!
      run.cachedTokens = Math.min(prefixes.cached(blocks), promptTokens - 1)
      const stop = new AbortController()
      this.#stopReading = stop
      const tokens = promptTokens + run.said - run.cachedTokens
      if (!(await this.#work((tokens * 1_000) / this.#spec.prefillTokensPerSecond, stop.signal))) return
      if (!this.#reading.delete(run)) continue
      prefixes.keep(blocks)
      if (run.said === 0) {
        this.#ledger.promptTokens += promptTokens
        this.#ledger.cachedTokens += run.cachedTokens
        run.firstTokenAt = this.#clock.now()
      }
      this.#joining.add(run)
      this.#say(run)
      if (life !== this.#life) return
      if (!this.#steps) void this.#step()
    }
    this.#stopReading = undefined
  }

  async #step(): Promise<void> {
    this.#steps = true
    const life = this.#life
    for (;;) {
      for (const run of this.#joining) this.#speaking.add(run)
      this.#joining.clear()
      if (this.#speaking.size === 0) break
      if (!(await this.#work(stepMsAt(this.#spec.stepMs, this.#speaking.size)))) return
      for (const run of this.#speaking) this.#say(run)
      if (life !== this.#life) return
    }
    this.#steps = false
  }

  #say(run: Run): void {
    const { job } = run
    const index = run.said
    run.said += 1
    this.#heldTokens += 1
    this.#ledger.outputTokens += 1
    job.onToken(index)
    // Whoever heard it may have hung up.
    if (run.state === 'over') return
    if (run.said >= job.outputTokens) {
      this.#leave(run)
      job.onEnd('whole', run)
      this.#fill()
    } else if (this.#heldTokens > this.#spec.memoryTokens) this.#overflow(run)
  }

  #overflow(run: Run): void {
    if (this.#spec.whenFull === 'die') {
      this.die('out-of-memory')
      return
    }
    const newest = [...this.#joining].at(-1) ?? [...this.#speaking].at(-1) ?? run
    this.#leave(newest)
    if (this.#heldTokens === 0) {
      newest.job.onEnd('full', newest)
      return
    }
    this.#ledger.preempted += 1
    newest.state = 'waiting'
    const { model } = newest.job
    this.#waiting.set(model, new Set([newest, ...(this.#waiting.get(model) ?? [])]))
  }

  #leave(run: Run): void {
    const wasRunning = run.state === 'running'
    run.state = 'over'
    if (!wasRunning) return
    const reader = this.#reading.values().next().value
    if (this.#reading.delete(run) && reader === run) this.#stopReading?.abort()
    this.#joining.delete(run)
    this.#speaking.delete(run)
    this.#heldTokens -= run.job.promptTokens + run.said
    const loaded = this.#loaded.get(run.job.model)!
    loaded.running -= 1
    loaded.usedAt = this.#clock.now()
  }

  /** Lets that much work pass; false when the engine has died over it. */
  async #work(ms: number, signal?: AbortSignal): Promise<boolean> {
    const life = this.#life
    await this.#clock.sleep(ms * this.slowness, signal)
    while (this.#frozen !== undefined) await this.#frozen.promise
    return life === this.#life
  }
}
