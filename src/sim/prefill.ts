import type { EngineSpec } from './engine-spec.ts'
import type { Run } from './job.ts'
import type { Labor } from './labor.ts'
import type { Ledger } from './ledger.ts'
import type { Prefixes } from './prefixes.ts'

export interface PrefillParts {
  readonly spec: EngineSpec
  readonly labor: Labor
  readonly ledger: Ledger
  readonly prefixesOf: (model: string) => Prefixes
  readonly standsStill: (model: string) => boolean
  /** While a step is under way that keeps prompts from being read. */
  readonly untilStepped: () => Promise<void> | undefined
  readonly onRead: (run: Run) => void
}

/** Reads prompts one after the other. Where a server cannot do both at once, nobody says a token meanwhile. */
export class Prefill {
  readonly #parts: PrefillParts
  readonly runs: Run[] = []
  #stop: AbortController | undefined
  #untilRead: PromiseWithResolvers<void> | undefined

  constructor(parts: PrefillParts) {
    this.#parts = parts
  }

  get size(): number {
    return this.runs.length
  }

  get untilRead(): Promise<void> | undefined {
    return this.#untilRead?.promise
  }

  add(run: Run): void {
    this.runs.push(run)
  }

  start(): void {
    if (this.#stop === undefined && this.runs.length > 0) void this.#read()
  }

  leave(run: Run): void {
    const isReader = this.runs[0] === run
    if (this.#remove(run) && isReader) this.#stop?.abort(gone)
  }

  clear(): void {
    this.runs.length = 0
    this.#stop = undefined
    this.#untilRead = undefined
  }

  #remove(run: Run): boolean {
    const at = this.runs.indexOf(run)
    if (at !== -1) this.runs.splice(at, 1)
    return at !== -1
  }

  async #read(): Promise<void> {
    const { labor, spec, ledger, standsStill, prefixesOf, untilStepped, onRead } = this.#parts
    const { life } = labor
    if (spec.prefillStalls) this.#untilRead = Promise.withResolvers<void>()
    const passed: Run[] = []
    for (let run = this.runs[0]; run !== undefined; run = this.runs.find((one) => !passed.includes(one))) {
      const { model, promptTokens, blocks } = run.job
      if (standsStill(model)) {
        passed.push(run)
        continue
      }
      const prefixes = prefixesOf(model)
      run.cachedTokens = Math.min(prefixes.cached(blocks), promptTokens - 1)
      const stop = new AbortController()
      this.#stop = stop
      const stepped = untilStepped()
      if (stepped !== undefined) {
        await stepped
        if (life !== labor.life) return
      }
      const tokens = promptTokens + run.said - run.cachedTokens
      const readMs = spec.prefillMs + (tokens * 1_000) / spec.prefillTokensPerSecond
      if (!(await labor.work(readMs, stop.signal))) return
      if (standsStill(model)) {
        passed.push(run)
        continue
      }
      if (!this.#remove(run)) continue
      prefixes.keep(blocks)
      if (run.said === 0) {
        ledger.promptTokens += promptTokens
        ledger.cachedTokens += run.cachedTokens
        run.firstTokenAt = labor.clock.now()
      }
      onRead(run)
      if (life !== labor.life) return
    }
    this.#stop = undefined
    this.#untilRead?.resolve()
    this.#untilRead = undefined
  }
}

const gone = new Error('Nobody waits for it any more.')
