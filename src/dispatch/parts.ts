import type { Emit } from '../core/event.ts'
import type { AttemptParts } from './attempt.ts'
import type { RetryParts } from './retries.ts'

export interface DispatchParts extends AttemptParts, RetryParts {
  /** Of all asks under way, how many may be tried again at once. */
  readonly retryShare: number
  readonly emit: Emit
}
