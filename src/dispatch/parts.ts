import type { Ask } from '../core/ask.ts'
import type { Emit } from '../core/event.ts'
import type { Fault } from '../core/fault.ts'
import type { HedgeSettings } from '../core/settings.ts'
import type { Offer } from '../fleet/offering.ts'
import type { AttemptParts } from './attempt.ts'
import type { RetryParts } from './retries.ts'

export interface DispatchParts extends AttemptParts, RetryParts {
  /** Of all asks under way, how many may be tried again at once. */
  readonly retryShare: number
  readonly emit: Emit
  /** Why it may not be served any more, though it was let in: while it waited, its caller has lost its key. */
  readonly barred: (ask: Ask) => Fault | undefined
  /** Undefined where no ask has a second server. */
  readonly hedge: HedgeSettings | undefined
  /** All that have a model, by any name of it. */
  readonly offersOf: (model: string) => readonly Offer[]
  /** Whether a stream of this model may be carried on by another server: by the caller's name for it, or the server's. */
  readonly mayResume: (...names: readonly string[]) => boolean
}
