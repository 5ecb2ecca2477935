import type { Ask } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import { NetFault } from '../core/world.ts'
import type { Upstream } from '../fleet/upstream.ts'
import type { Lease } from '../scheduler/scheduler.ts'
import { Attempt, endingFor } from './attempt.ts'
import type { Hedging } from './hedging.ts'
import type { DispatchParts } from './parts.ts'

/** An attempt whose first bytes are in hand. */
export interface Opened {
  readonly attempt: Attempt
  readonly attempts: number
  readonly waitMs: number
}

/** Tries upstreams until one speaks. */
export async function open(ask: Ask, parts: DispatchParts, hedging: Hedging): Promise<Opened> {
  const avoid = new Set<Upstream>()
  hedging.came()
  let waitMs = 0
  let last: Fault | undefined
  for (let attempts = 1; ; attempts += 1) {
    const lease = await (last === undefined ? parts.scheduler.acquire(ask) : again(ask, avoid, last, parts))
    waitMs += lease.waitMs
    try {
      const attempt = await hedging.open(new Attempt(ask, lease, parts), ask, avoid)
      return { attempt, attempts, waitMs }
    } catch (error) {
      const fault = Fault.from(error, ask.signal)
      lease.end(endingFor(fault))
      if (fault.kind !== 'cancelled') {
        const { kind, message: reason } = fault
        parts.emit({
          type: 'attempt-failed',
          ask,
          upstream: lease.upstream.settings.name,
          midStream: false,
          kind,
          reason,
        })
      }
      if (!fault.retry || attempts >= parts.attemptsMax) throw fault
      // A kept connection may die just as it is used again: that says nothing about the server behind it.
      const mayAgain = last === undefined && lease.upstream.settings.tier === 0 && isReset(fault)
      if (!mayAgain) avoid.add(lease.upstream)
      last = fault
    }
  }
}

/** When nothing is left to try, the caller is told what went wrong rather than that nothing is left. */
async function again(ask: Ask, avoid: ReadonlySet<Upstream>, last: Fault, parts: DispatchParts): Promise<Lease> {
  try {
    return await parts.scheduler.acquire(ask, avoid)
  } catch (error) {
    const fault = Fault.from(error, ask.signal)
    throw fault.kind === 'no-upstream' || fault.kind === 'no-such-model' ? last : fault
  }
}

const isReset = (fault: Fault): boolean => fault.cause instanceof NetFault && fault.cause.kind === 'reset'
