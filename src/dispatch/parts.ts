import type { Emit } from '../core/event.ts'
import type { HedgeSettings } from '../core/settings.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import type { AttemptParts } from './attempt.ts'

export interface DispatchParts extends AttemptParts {
  readonly scheduler: Scheduler
  /** Tries for one ask, the first included. */
  readonly attemptsMax: number
  readonly emit: Emit
  /** Undefined where no ask has a second server. */
  readonly hedge: HedgeSettings | undefined
}
