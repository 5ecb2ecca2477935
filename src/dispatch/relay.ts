import type { Ask } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import type { Outcome, Progress, Reply } from '../core/reply.ts'
import type { Attempt } from './attempt.ts'
import { endingFor } from './endings.ts'
import type { Ending } from '../fleet/limit.ts'
import type { DispatchParts } from './parts.ts'
import type { Opened } from './opening.ts'
import { Resumption } from './resume.ts'

/**
 * The answer on its way to the caller. It settles its outcome once, and gives its place back then: at the end, at a fault,
 * or when the caller goes, read or unread.
 */
export class Relay implements Reply, AsyncIterableIterator<Uint8Array> {
  readonly stream: boolean
  readonly upstream: string
  readonly decision: string
  readonly outcome: Promise<Outcome>
  readonly progress: Progress | undefined
  readonly #ask: Ask
  readonly #parts: DispatchParts
  readonly #settle: (outcome: Outcome) => void
  /** Where it may be carried on when it breaks. */
  readonly #resumption: Resumption | undefined
  readonly #firstTokenMs: number | undefined
  /** The one that speaks now. */
  #attempt: Attempt
  #attempts: number
  #waitMs: number
  /** Of those that spoke before this one. */
  #machineMs = 0
  /** The end that was missing is what was handed on last. */
  #isEnded = false
  /** As it was told when all was handed on. */
  #whole: Outcome | undefined
  #settled = false

  constructor(ask: Ask, opened: Opened, parts: DispatchParts) {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    const { attempt, attempts, waitMs } = opened
    this.stream = ask.stream
    this.upstream = attempt.lease.upstream.settings.name
    this.decision = attempt.decision
    this.outcome = promise
    this.#settle = resolve
    this.#ask = ask
    this.#parts = parts
    this.#attempt = attempt
    this.#attempts = attempts
    this.#waitMs = waitMs
    this.#firstTokenMs = attempt.firstTokenAt === undefined ? undefined : attempt.firstTokenAt - ask.arrivedAt
    this.#resumption = Resumption.of(ask, attempt.lease, parts)
    attempt.lease.spoke(parts.world.now())
    parts.emit({ type: 'first-token', ask, upstream: this.upstream, afterMs: this.#firstTokenMs! })
    // An answer in one piece is here already: its server is free, whenever the caller comes to read it.
    if (ask.stream) {
      this.progress = new Course(this)
      ask.signal.addEventListener('abort', this.#onGone)
    } else this.#end(undefined)
  }

  /** What comes behind what was handed on last says nothing. */
  get isWhole(): boolean {
    return this.#isEnded || this.#attempt.isWhole
  }

  /** How it went, when all was handed on: whatever its caller does then changes nothing of that. */
  get whole(): Outcome {
    return (this.#whole ??= this.#outcomeWith(undefined))
  }

  get body(): AsyncIterable<Uint8Array> {
    return this
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    return this.#attempt.next().then(this.#onStep, this.#onFault)
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.#end(new Fault('cancelled', 'The caller stopped reading.'))
    return Promise.resolve({ done: true, value: undefined })
  }

  readonly #onStep = (step: IteratorResult<Uint8Array>): IteratorResult<Uint8Array> => {
    if (step.done === true) this.#end(undefined)
    else this.#resumption?.hear(step.value)
    return step
  }

  readonly #onFault = (error: unknown): Promise<IteratorResult<Uint8Array>> => {
    const fault = Fault.from(error, this.#ask.signal)
    if (fault.kind !== 'cancelled') {
      const { kind, message } = fault
      this.#parts.emit({
        type: 'attempt-failed',
        ask: this.#ask,
        upstream: this.#attempt.lease.upstream.settings.name,
        midStream: true,
        kind,
        reason: message,
      })
      if (this.#resumption !== undefined && !this.#settled) return this.#goOn(this.#resumption, fault)
    }
    this.#end(fault)
    throw fault
  }

  /** Its place is given back first: whoever waits for it need not wait for what becomes of this. */
  async #goOn(resumption: Resumption, fault: Fault): Promise<IteratorResult<Uint8Array>> {
    this.#leave(endingFor(fault))
    const next = await resumption.after(fault, this.#attempt.lease.upstream)
    if (next?.type === 'attempt') {
      if (!this.#settled) {
        const { lease, usage } = this.#attempt
        this.#machineMs += lease.machineMs(usage)
        this.#attempt = next.attempt
        this.#attempts += 1
        this.#waitMs += next.waitMs
        next.attempt.lease.spoke(this.#parts.world.now())
        return this.next()
      }
      next.attempt.close()
      next.attempt.lease.end('ignored')
    }
    if (next?.type === 'end' && !this.#settled) {
      this.#isEnded = true
      return { done: false, value: next.bytes }
    }
    this.#end(fault)
    throw this.#ask.signal.aborted ? Fault.from(fault, this.#ask.signal) : fault
  }

  readonly #onGone = (): void => this.#end(new Fault('cancelled', 'The caller went away.'))

  /** Gives its place back and tells how it went there. */
  #leave(ending: Ending): void {
    const { lease, firstTokenAt, startedAt, usage } = this.#attempt
    const firstTokenMs = firstTokenAt === undefined ? undefined : firstTokenAt - startedAt
    lease.end(ending, { firstTokenMs, usage })
  }

  #end(broken: Fault | undefined): void {
    if (this.#settled) return
    this.#settled = true
    // Who leaves when all was said leaves nothing behind.
    const fault = this.#ask.stream && this.isWhole ? undefined : broken
    this.#ask.signal.removeEventListener('abort', this.#onGone)
    this.#resumption?.stop()
    this.#attempt.close()
    this.#leave(fault === undefined ? 'served' : endingFor(fault))
    this.#settle(this.#whole ?? this.#outcomeWith(fault))
  }

  #outcomeWith(fault: Fault | undefined): Outcome {
    const { lease, usage } = this.#attempt
    const resumes = this.#resumption?.count ?? 0
    return {
      usage: this.#resumption?.usageOf(usage) ?? usage,
      upstream: lease.upstream.settings.name,
      model: this.#ask.standsInFor === undefined ? undefined : this.#ask.model,
      tier: lease.upstream.settings.tier,
      attempts: this.#attempts,
      ...(resumes > 0 && { resumes }),
      waitMs: this.#waitMs,
      firstTokenMs: this.#firstTokenMs,
      totalMs: this.#parts.world.now() - this.#ask.arrivedAt,
      predicted: this.#attempts === 1 ? lease.predicted : undefined,
      fault,
      gpuMs: this.#machineMs + lease.machineMs(usage),
      spilled: lease.spilled,
    }
  }
}

/** How far a stream has come, for whoever has to know before its caller does. */
class Course implements Progress {
  readonly #relay: Relay

  constructor(relay: Relay) {
    this.#relay = relay
  }

  get isWhole(): boolean {
    return this.#relay.isWhole
  }

  get outcome(): Outcome {
    return this.#relay.whole
  }
}
