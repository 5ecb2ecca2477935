import type { Ask } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import { firstTry } from '../scheduler/situation.ts'
import { Attempt } from './attempt.ts'
import { endingFor } from './endings.ts'
import { Hedging } from './hedging.ts'
import type { DispatchParts } from './parts.ts'
import type { Note } from './race.ts'
import { restFor, Retry } from './retries.ts'
import { RetryBudget } from './retry-budget.ts'
import { costsToll, tollFor } from './toll.ts'

/** An attempt whose first bytes are in hand. */
export interface Opened {
  readonly attempt: Attempt
  readonly attempts: number
  readonly waitMs: number
}

/** Tries upstreams until one speaks. */
export class Opening {
  readonly #parts: DispatchParts
  readonly #budget: RetryBudget
  readonly #hedging: Hedging

  constructor(parts: DispatchParts) {
    this.#parts = parts
    const { scheduler, fleet, retryShare } = parts
    this.#hedging = new Hedging(parts, this.#note)
    this.#budget = new RetryBudget(retryShare, () =>
      fleet.upstreams.reduce((sum, { inFlight }) => sum + inFlight, scheduler.waiting),
    )
  }

  async open(ask: Ask): Promise<Opened> {
    const parts = this.#parts
    const hedging = this.#hedging
    hedging.came()
    let retry: Retry | undefined
    let waitMs = 0
    for (let attempts = 1; ;) {
      const lease = await (retry === undefined ? parts.scheduler.acquire(ask) : retry.acquire())
      waitMs += lease.waitMs
      const barred = parts.barred(ask)
      if (barred !== undefined) {
        lease.end('ignored')
        throw barred
      }
      const toll = costsToll(ask, lease) ? await tollFor(ask, lease) : undefined
      if (toll instanceof Fault) {
        lease.end('ignored')
        retry ??= new Retry(ask, parts, this.#budget)
        retry.afterUnpaid(toll, lease)
        continue
      }
      const sentAt = parts.world.now()
      try {
        const first = new Attempt(ask, lease, parts, { toll })
        const attempt = await hedging.open(first, ask, retry?.avoided ?? firstTry)
        if (retry === undefined) this.#budget.earn()
        else retry.over()
        return { attempt, attempts, waitMs }
      } catch (error) {
        const fault = Fault.from(error, ask.signal)
        toll?.release()
        attempts += 1
        retry ??= new Retry(ask, parts, this.#budget)
        for (const other of hedging.failedBeside(ask)) retry.avoid(other)
        lease.end(retry.blames(lease, fault) ? endingFor(fault) : 'ignored', { restMs: restFor(fault) })
        this.#note(fault, { ask, lease, sentAt })
        await retry.after(fault, lease)
      }
    }
  }

  readonly #note: Note = (fault, { ask, lease, sentAt }) => {
    const { world, emit } = this.#parts
    const { upstream, model } = lease
    const { name } = upstream.settings
    const { kind, message: reason } = fault
    if (kind !== 'cancelled') emit({ type: 'attempt-failed', ask, upstream: name, midStream: false, kind, reason })
    if (kind === 'model-missing') upstream.misses(model, world.now())
    if (fault.lasting && upstream.exile.begin(world.now(), sentAt)) {
      const text = `${name} is left alone until it is put right, and looked at again now and then: ${reason}`
      emit({ type: 'notice', level: 'error', text })
    }
  }
}
