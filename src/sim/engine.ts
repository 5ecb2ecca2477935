import type { EngineSpec, LoadSetting } from './engine-spec.ts'
import { FrozenRunners } from './frozen.ts'
import type { Job, JobEnding, Load, Run } from './job.ts'
import { type Clock, Labor } from './labor.ts'
import type { Ledger } from './ledger.ts'
import { Prefill } from './prefill.ts'
import { type Resident, Residents } from './residents.ts'
import { type Grain, Steps } from './steps.ts'

/**
 * An inference engine made of arithmetic. Prompts are read one after the other; all that generate say a token per step,
 * and the fuller the step the longer it takes. Its own queue has no bound.
 */
export class Engine {
  readonly #spec: EngineSpec
  readonly #clock: Clock
  readonly #ledger: Ledger
  readonly #waiting = new Map<string, Set<Run>>()
  readonly #residents: Residents
  readonly #labor: Labor
  readonly #prefill: Prefill
  readonly #steps: Steps
  /** Models that went while they were in use, and have not come back. */
  readonly #killed = new Set<string>()
  #heldTokens = 0
  #loading: { readonly model: string; readonly by: Run | undefined; readonly stop: AbortController } | undefined
  readonly frozenRunners: FrozenRunners
  /** Models that do not come into memory. */
  readonly unloadable = new Set<string>()

  constructor(spec: EngineSpec, clock: Clock, ledger: Ledger, grain: Grain = 'token') {
    this.#spec = spec
    this.#clock = clock
    this.#ledger = ledger
    const labor = new Labor(clock)
    this.#labor = labor
    this.#residents = new Residents(spec, () => clock.now(), ledger)
    this.frozenRunners = new FrozenRunners(clock, spec.replacesHung)
    const standsStill = (model: string): boolean => this.frozenRunners.has(model)
    this.#prefill = new Prefill({
      spec,
      labor,
      ledger,
      prefixesOf: (model) => this.#residents.find(model)!.prefixes,
      standsStill,
      untilStepped: () => this.#steps.untilStepped(),
      onRead: this.#onRead,
    })
    this.#steps = new Steps({
      spec,
      labor,
      grain,
      untilRead: () => this.#prefill.untilRead,
      standsStill,
      room: () => spec.memoryTokens - this.#heldTokens,
      count: this.#count,
      onTold: this.#onTold,
    })
  }

  /** So many times as long as its numbers say everything takes. */
  set slowness(times: number) {
    this.#steps.disturb()
    this.#labor.slowness = times
  }

  get residents(): readonly Resident[] {
    return this.#residents.all
  }

  /** The model that is on its way into memory. */
  get loading(): string | undefined {
    return this.#loading?.model
  }

  wasKilled(model: string): boolean {
    return this.#killed.has(model)
  }

  /** Those that have a place, in the order in which they got it. */
  runsOf(model: string): readonly Run[] {
    this.#steps.settle()
    return [...this.#running].filter(({ job }) => job.model === model)
  }

  get #running(): readonly Run[] {
    return [...this.#steps.speaking, ...this.#steps.joining, ...this.#prefill.runs]
  }

  /** Of one model, or of all. */
  load(model?: string): Load {
    const queues = [...this.#waiting].filter(([name]) => model === undefined || name === model)
    const waiting = queues.reduce((sum, [, queue]) => sum + queue.size, 0)
    if (model !== undefined) {
      const runs = this.runsOf(model)
      const heldTokens = runs.reduce((sum, { job, said }) => sum + job.promptTokens + said, 0)
      return { running: runs.length, waiting, heldTokens }
    }
    this.#steps.settle()
    return { running: this.#steps.size + this.#prefill.size, waiting, heldTokens: this.#heldTokens }
  }

  /** Puts a model into memory before anybody asks. */
  warm(model: string, setting?: LoadSetting): void {
    this.#residents.add(model, setting)
  }

  /** Puts a model away as soon as nobody uses it. */
  release(model: string): void {
    const resident = this.#residents.find(model)
    if (resident === undefined) return
    this.#ledger.unloads += 1
    resident.keepMs = 0
    this.#fill()
  }

  /**
   * Throws a model out at once. What it was generating, and what waited for it, hangs for so long and is over then; false
   * when it was not there.
   */
  evict(model: string, hangsMs: number = 0): boolean {
    const resident = this.#residents.find(model)
    if (resident === undefined) return false
    this.#ledger.unloads += 1
    this.#throwOut(resident, hangsMs)
    this.#fill()
    return true
  }

  submit(job: Job): Run {
    const now = this.#clock.now()
    const run: Run = {
      job,
      submittedAt: now,
      startedAt: now,
      firstTokenAt: now,
      toldAt: now,
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
    this.frozenRunners.asked(job.model, () => this.#fill())
    this.#fill()
    return run
  }

  /** Nobody waits for it any more: it stops at once, wherever it is. */
  drop(run: Run): void {
    if (run.state === 'over') return
    if (run.state === 'waiting') this.#waiting.get(run.job.model)?.delete(run)
    this.#leave(run)
    if (this.#spec.loadDiesWithCaller && this.#loading?.by === run) this.#loading.stop.abort()
    this.#fill()
  }

  /** Everything it does breaks, and its memory is empty. */
  die(how: 'out-of-memory' | 'crashed'): void {
    this.#steps.settle()
    this.#labor.life += 1
    const runs = [...this.#running, ...[...this.#waiting.values()].flatMap((queue) => [...queue])]
    for (const part of [this.#steps, this.#prefill, this.#waiting, this.#residents]) part.clear()
    this.frozenRunners.clear()
    this.#heldTokens = 0
    this.#loading = undefined
    this.thaw()
    for (const run of runs) {
      run.state = 'over'
      run.job.onEnd(how, run)
    }
  }

  /** Stands still with everything in its hands, and says so to nobody. */
  freeze(): void {
    this.#steps.disturb()
    this.#labor.freeze()
  }

  thaw(): void {
    this.#labor.thaw()
  }

  /** One model stands still with what it has in its hands. */
  freezeRunner(model: string): void {
    this.#steps.disturb()
    this.frozenRunners.freeze(model)
  }

  /** One model goes on with what it had in its hands. */
  thawRunner(model: string): void {
    this.#steps.disturb()
    this.frozenRunners.thaw(model)
    this.#prefill.start()
    this.#fill()
  }

  /** Gives places to those who wait, as long as there are any. */
  #fill(): void {
    for (const [model, queue] of this.#waiting) {
      if (queue.size === 0) {
        this.#waiting.delete(model)
        continue
      }
      let resident = this.#residents.find(model)
      if (resident !== undefined && this.frozenRunners.has(model)) {
        if (!this.frozenRunners.goes(resident)) continue
        this.#residents.remove(model)
        resident = undefined
      }
      if (resident === undefined) {
        const first = queue.values().next().value
        if (this.#makeRoom(model)) void this.#bringIn(model, first)
        continue
      }
      const other = this.#fillFrom(queue, resident)
      if (other === undefined || resident.running > 0 || this.#loading !== undefined) continue
      this.#residents.remove(model)
      this.#ledger.reloads += 1
      void this.#bringIn(model, other)
    }
  }

  /** Gives the first who wants the model otherwise: whoever wants it as it is overtakes him. */
  #fillFrom(queue: Set<Run>, resident: Resident): Run | undefined {
    let other: Run | undefined
    for (const run of queue) {
      const { setting, promptTokens, outputTokens, keepMs } = run.job
      if (setting !== undefined && resident.setting !== undefined && setting.key !== resident.setting.key) {
        other ??= run
        continue
      }
      const isErrand = promptTokens === 0 && outputTokens === 0
      if (!isErrand && (resident.running >= this.#spec.slots || !this.#fits(run))) break
      queue.delete(run)
      resident.usedAt = this.#clock.now()
      if (keepMs !== undefined) this.#residents.keep(resident, keepMs)
      run.startedAt = resident.usedAt
      if (isErrand) {
        this.#end(run, 'whole')
        continue
      }
      resident.running += 1
      run.state = 'running'
      this.#heldTokens += promptTokens + run.said
      this.#steps.squeeze()
      this.#prefill.add(run)
      run.job.onStart?.(run)
      this.#prefill.start()
    }
    return other
  }

  #fits(run: Run): boolean {
    this.#steps.settle()
    return this.#heldTokens + run.job.promptTokens + run.said + 1 <= this.#spec.memoryTokens
  }

  /** One model is loaded at a time. */
  #makeRoom(model: string): boolean {
    if (this.#loading !== undefined || this.frozenRunners.holdsLoads) return false
    const room = this.#residents.roomFor(model)
    if (typeof room === 'object') this.#throwOut(room, 0)
    return room !== undefined
  }

  #throwOut(resident: Resident, hangsMs: number): void {
    const { name, running } = resident
    if (running > 0) {
      this.#ledger.kills += 1
      this.#killed.add(name)
    }
    const runs = running > 0 ? [...this.runsOf(name), ...(this.#waiting.get(name) ?? [])] : []
    for (const run of runs) {
      if (run.state === 'waiting') this.#waiting.get(name)!.delete(run)
      this.#leave(run)
    }
    this.#residents.remove(name)
    if (runs.length === 0) return
    const hung = hangsMs > 0 ? this.#clock.sleep(hangsMs) : Promise.resolve()
    void hung.then(() => {
      for (const run of runs) run.job.onEnd('killed', run)
    })
  }

  async #bringIn(model: string, by: Run | undefined): Promise<void> {
    const stop = new AbortController()
    this.#loading = { model, by, stop }
    this.#ledger.loads += 1
    const beganAt = this.#clock.now()
    if (!(await this.#labor.work(this.#spec.loadMs, stop.signal))) return
    this.#loading = undefined
    if (stop.signal.aborted) this.#ledger.loadsLost += 1
    else if (this.unloadable.has(model)) this.#failLoad(model, by)
    else {
      this.frozenRunners.thaw(model)
      this.#residents.add(model, by?.job.setting)
      this.#killed.delete(model)
      for (const run of this.#waiting.get(model) ?? [])
        run.loadMs = this.#clock.now() - Math.max(beganAt, run.submittedAt)
    }
    this.#fill()
  }

  /** Whoever else waits for it has it tried anew. */
  #failLoad(model: string, by: Run | undefined): void {
    if (by === undefined || this.#waiting.get(model)?.delete(by) !== true) return
    by.state = 'over'
    by.job.onEnd('unloadable', by)
  }

  readonly #onRead = (run: Run): void => {
    if (run.job.outputTokens === 0) {
      this.#end(run, 'whole')
      this.#fill()
      return
    }
    const { life } = this.#labor
    this.#steps.join(run)
    if (life === this.#labor.life) this.#steps.start()
  }

  readonly #count = (run: Run, tokens: number): void => {
    run.said += tokens
    this.#heldTokens += tokens
    this.#ledger.outputTokens += tokens
  }

  readonly #onTold = (run: Run): void => {
    const { job } = run
    job.onToken(run.said - 1, run)
    // Whoever heard it may have hung up.
    if (run.state === 'over') return
    if (run.said >= job.outputTokens) {
      this.#end(run, 'whole')
      this.#fill()
    } else if (this.#heldTokens > this.#spec.memoryTokens) this.#overflow(run)
  }

  #overflow(run: Run): void {
    if (this.#spec.whenFull === 'die') {
      this.die('out-of-memory')
      return
    }
    if (this.#spec.whenFull === 'drop-all') {
      for (const one of [...this.#steps.speaking, ...this.#steps.joining]) this.#end(one, 'out-of-memory')
      this.#fill()
      return
    }
    const newest = this.#steps.joining.at(-1) ?? this.#steps.speaking.at(-1) ?? run
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

  #end(run: Run, how: JobEnding): void {
    this.#leave(run)
    run.job.onEnd(how, run)
  }

  #leave(run: Run): void {
    const wasRunning = run.state === 'running'
    run.state = 'over'
    if (!wasRunning) return
    this.#steps.disturb()
    this.#prefill.leave(run)
    this.#steps.leave(run)
    this.#heldTokens -= run.job.promptTokens + run.said
    const resident = this.#residents.find(run.job.model)!
    resident.running -= 1
    resident.usedAt = this.#clock.now()
    if (resident.holds && resident.running === 0 && resident.keepMs < Infinity)
      void this.#clock.sleep(resident.keepMs).then(() => this.#fill())
  }
}
