import type { Ledger } from '../core/ledger.ts'
import type { Policy } from '../core/policy.ts'
import type { Layer } from '../core/serve.ts'
import type { Settings } from '../core/settings.ts'
import type { Gateway } from '../gateway.ts'
import type { Visit } from './caller.ts'
import type { Faults } from './faults.ts'
import type { Machine } from './fleet.ts'
import type { Outages } from './outages.ts'
import type { Chronicle } from './chronicle.ts'
import type { SimServer } from './server.ts'
import type { Errand, Workload } from './workload.ts'
import type { Grain } from './steps.ts'
import type { SimWorld } from './world.ts'

/** What is to be simulated. Seed and requests are enough; the rest is an example. */
export interface Simulation {
  readonly seed: number
  readonly requests: number
  readonly workload?: Workload
  /** Exactly these, in the order of time, in place of what the workload draws. */
  readonly errands?: Iterable<Errand> | undefined
  /** The date on the wall when it begins, in milliseconds since 1970. */
  readonly startsAt?: number | undefined
  /** How finely servers tell what they say: token by token, unless a whole day is to go by in no time. */
  readonly grain?: Grain
  readonly fleet?: readonly Machine[]
  readonly outages?: Outages | undefined
  /** What goes wrong with requests at every server, in place of the fleet's own. */
  readonly faults?: Faults
  /** In place of what suits the fleet and the callers. */
  readonly settings?: Partial<Settings>
  readonly layers?: readonly Layer[]
  /** Where money is set aside and requests are taken down. */
  readonly ledger?: Ledger
  /** In place of the gateway's own. */
  readonly policy?: Policy
  /** False where only numbers are wanted: then it is not looked whether the gateway keeps its promises. */
  readonly isHeld?: boolean
  /** Hears how each errand went. */
  readonly onVisit?: (visit: Visit) => void
  /** What befalls the servers, told step by step. */
  readonly script?: (stage: Stage) => Promise<void>
}

/** Everything that plays a part while it runs. */
export interface Stage {
  readonly seed: number
  readonly world: SimWorld
  readonly servers: readonly SimServer[]
  readonly gateway: Gateway
  readonly chronicle: Chronicle
}
