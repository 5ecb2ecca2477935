import type { Ask } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import type { Outcome, Reply } from '../core/reply.ts'
import { type Attempt, endingFor } from './attempt.ts'
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
  #settled = false

  constructor(ask: Ask, opened: Opened, parts: DispatchParts) {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    const { attempt, attempts, waitMs } = opened
    this.stream = ask.stream
    this.upstream = attempt.lease.upstream.settings.name
    this.decision = attempt.lease.decision
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
    if (ask.stream) ask.signal.addEventListener('abort', this.#onGone)
    else this.#end(undefined)
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
        this.#attempt = next.attempt
        this.#attempts += 1
        this.#waitMs += next.waitMs
        next.attempt.lease.spoke(this.#parts.world.now())
        return this.next()
      }
      next.attempt.close()
      next.attempt.lease.end('ignored')
    }
    if (next?.type === 'end' && !this.#settled) return { done: false, value: next.bytes }
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

  #end(fault: Fault | undefined): void {
    if (this.#settled) return
    this.#settled = true
    this.#ask.signal.removeEventListener('abort', this.#onGone)
    this.#resumption?.stop()
    const attempt = this.#attempt
    attempt.close()
    this.#leave(fault === undefined ? 'served' : endingFor(fault))
    const { lease, usage } = attempt
    const resumes = this.#resumption?.count ?? 0
    this.#settle({
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
    })
  }
}
