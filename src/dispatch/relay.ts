import type { Ask } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import type { Outcome, Reply } from '../core/reply.ts'
import { endingFor } from './attempt.ts'
import type { DispatchParts } from './parts.ts'
import type { Opened } from './opening.ts'

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
  readonly #opened: Opened
  readonly #parts: DispatchParts
  readonly #settle: (outcome: Outcome) => void
  #settled = false

  constructor(ask: Ask, opened: Opened, parts: DispatchParts) {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    this.stream = ask.stream
    this.upstream = opened.attempt.lease.upstream.settings.name
    this.decision = opened.attempt.lease.decision
    this.outcome = promise
    this.#settle = resolve
    this.#ask = ask
    this.#opened = opened
    this.#parts = parts
    opened.attempt.lease.spoke(parts.world.now())
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
    return this.#opened.attempt.next().then(this.#onStep, this.#onFault)
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.#end(new Fault('cancelled', 'The caller stopped reading.'))
    return Promise.resolve({ done: true, value: undefined })
  }

  get #firstTokenMs(): number | undefined {
    const at = this.#opened.attempt.firstTokenAt
    return at === undefined ? undefined : at - this.#ask.arrivedAt
  }

  readonly #onStep = (step: IteratorResult<Uint8Array>): IteratorResult<Uint8Array> => {
    if (step.done === true) this.#end(undefined)
    return step
  }

  readonly #onFault = (error: unknown): never => {
    const fault = Fault.from(error, this.#ask.signal)
    if (fault.kind !== 'cancelled') {
      const { kind, message } = fault
      this.#parts.emit({
        type: 'attempt-failed',
        ask: this.#ask,
        upstream: this.upstream,
        midStream: true,
        kind,
        reason: message,
      })
    }
    this.#end(fault)
    throw fault
  }

  readonly #onGone = (): void => this.#end(new Fault('cancelled', 'The caller went away.'))

  #end(fault: Fault | undefined): void {
    if (this.#settled) return
    this.#settled = true
    const { attempt, attempts, waitMs } = this.#opened
    this.#ask.signal.removeEventListener('abort', this.#onGone)
    attempt.close()
    const { usage } = attempt
    const firstTokenMs = this.#firstTokenMs
    const { world } = this.#parts
    attempt.lease.end(fault === undefined ? 'served' : endingFor(fault), {
      firstTokenMs: attempt.firstTokenAt === undefined ? undefined : attempt.firstTokenAt - attempt.startedAt,
      usage,
    })
    this.#settle({
      usage,
      upstream: this.upstream,
      model: this.#ask.standsInFor === undefined ? undefined : this.#ask.model,
      tier: attempt.lease.upstream.settings.tier,
      attempts,
      waitMs,
      firstTokenMs,
      totalMs: world.now() - this.#ask.arrivedAt,
      predicted: attempts === 1 ? attempt.lease.predicted : undefined,
      fault,
    })
  }
}
