import type { Ask } from '../core/ask.ts'
import type { Event } from '../core/event.ts'
import type { FaultKind } from '../core/fault.ts'
import { nanoPerDollar } from '../core/money.ts'
import type { Outcome } from '../core/reply.ts'
import type { World } from '../core/world.ts'
import { BlockNumbers } from './blocks.ts'
import { lineOf } from './line.ts'
import type { RequestRow, Row } from './rows.ts'
import { type Facts, settingsRow } from './settings-row.ts'

/** Where lines go: into one file after another. */
export interface Tape {
  /**
   * The number of the file that takes the next line, which begins it when it is another than before. Undefined when nothing is
   * taken down now.
   */
  file(): number | undefined
  /** Takes a whole line, right after `file` has said where it goes. */
  write(line: string): void
}

export interface RecorderParts {
  readonly world: Pick<World, 'now' | 'epochMs'>
  readonly tape: Tape
  /** The name that servers or the configuration have for a model; undefined for whatever a stranger likes to write. */
  readonly nameOf: (model: string) => string | undefined
  readonly facts: () => Facts
}

/** What was asked for where no server has such a model. */
const unknownModel = '(unknown)'

/**
 * Takes down what happens, so that it can be played again: a row for each request that has ended, and for each server that was
 * lost. It knows nothing of what was said, and takes no word that a caller chose: names are those of the configuration and the
 * servers, codes are ours.
 */
export class Recorder {
  readonly #parts: RecorderParts
  readonly #blocks = new BlockNumbers()
  #file: number | undefined
  /** The settings as they were written last. */
  #written = ''
  #mayDiffer = true
  /** By id: where an ask was tried in vain, last and how often. Of those whom nobody answered nothing else tells it. */
  readonly #tried = new Map<string, { readonly upstream: string; readonly times: number }>()

  constructor(parts: RecorderParts) {
    this.#parts = parts
  }

  /** Something was configured or learned: before the next request it is looked what holds now. */
  readonly lookAgain = (): void => {
    this.#mayDiffer = true
  }

  readonly listen = (event: Event): void => {
    switch (event.type) {
      case 'ask-settled':
        // Whoever had a model loaded by hand has asked for no words.
        if (event.ask.errand === undefined && this.#isTaken()) this.#request(event.ask, event.outcome)
        if (this.#tried.size > 0) this.#tried.delete(event.ask.id)
        break
      case 'attempt-failed': {
        const { ask, upstream, kind, midStream } = event
        // One that has ended meanwhile is never asked for again.
        if (this.#tried.size >= triedMax) this.#tried.clear()
        this.#tried.set(ask.id, { upstream, times: (this.#tried.get(ask.id)?.times ?? 0) + 1 })
        if (this.#isTaken()) this.#write({ type: 'failure', at: this.#date(), upstream, kind, mid_stream: midStream })
        break
      }
      case 'upstream-changed': {
        const { upstream, up } = event
        if (this.#isTaken()) this.#write({ type: 'upstream', at: this.#date(), upstream, up })
        break
      }
    }
  }

  #request(ask: Ask, outcome: Outcome): void {
    if (this.#mayDiffer) this.#writeSettings()
    this.#write(this.#rowOf(ask, outcome))
  }

  #rowOf(ask: Ask, outcome: Outcome): RequestRow {
    const { caller, dialect, stream, priority, cloud, needs, prefix } = ask
    const { usage, fault, firstTokenMs, gpuMs, costNano } = outcome
    const { world, nameOf } = this.#parts
    const wasRead = usage.promptTokens > 0
    const promptTokens = wasRead ? usage.promptTokens : ask.promptTokens
    const isAnswered = outcome.upstream !== ''
    const tried = isAnswered ? undefined : this.#tried.get(ask.id)
    const blocks = prefix === undefined || isTurnedAway(outcome) ? none : this.#blocks.of(prefix)
    return {
      type: 'request',
      at: Math.round(world.epochMs() - (world.now() - ask.arrivedAt)),
      caller: caller.id,
      weight: caller.weight === 1 ? undefined : caller.weight,
      model: nameOf(ask.model) ?? unknownModel,
      dialect,
      stream,
      priority,
      cloud,
      patience_ms: ask.patienceMs,
      deadline_ms: ask.deadlineMs,
      needs,
      prompt_tokens: promptTokens,
      output_max: ask.outputTokensMax,
      blocks: blocks.length === 0 ? undefined : blocks,
      block_tokens: blocks.length === 0 ? undefined : Math.max(1, Math.round(promptTokens * prefix!.share(1))),
      upstream: isAnswered ? outcome.upstream : tried?.upstream,
      tier: isAnswered ? outcome.tier : undefined,
      spilled: outcome.spilled === true ? true : undefined,
      attempts: outcome.attempts || (tried?.times ?? 0),
      wait_ms: tenths(outcome.waitMs),
      // An answer in one piece has no first token: it was all there when it came.
      first_token_ms: stream && firstTokenMs !== undefined ? tenths(firstTokenMs) : undefined,
      total_ms: tenths(outcome.totalMs),
      output_tokens: usage.outputTokens,
      cached_tokens: usage.cachedTokens,
      estimated: usage.estimated === true || !wasRead ? true : undefined,
      gpu_ms: gpuMs === undefined ? undefined : tenths(gpuMs),
      usd: costNano === undefined ? undefined : costNano / nanoPerDollar,
      // Not its code, which may be a server's own.
      fault: fault?.kind,
    }
  }

  /** Whether anything is taken down now. A file that is new begins with its settings, and with numbers of its own. */
  #isTaken(): boolean {
    const file = this.#parts.tape.file()
    if (file === undefined) return false
    if (file !== this.#file) {
      this.#file = file
      this.#blocks.restart()
      this.#written = ''
      this.#writeSettings()
    }
    return true
  }

  #writeSettings(): void {
    const facts = this.#parts.facts()
    const text = JSON.stringify(facts)
    this.#mayDiffer = false
    if (text === this.#written) return
    this.#written = text
    this.#write(settingsRow(facts, this.#date()))
  }

  #write(row: Row): void {
    this.#parts.tape.write(lineOf(row))
  }

  #date(): number {
    return Math.round(this.#parts.world.epochMs())
  }
}

const none: readonly number[] = []

const triedMax = 10_000

/** To look at a long prompt takes a moment, which nobody has for requests that are turned away by the thousand. */
function isTurnedAway({ attempts, fault }: Outcome): boolean {
  return attempts === 0 && fault !== undefined && fault.blame !== 'upstream' && !waited.has(fault.kind)
}

const waited: ReadonlySet<FaultKind> = new Set(['queue-full', 'patience-spent', 'cancelled', 'no-upstream'])

const tenths = (ms: number): number => Math.round(ms * 10) / 10
