import type { Machine } from '../../src/sim/fleet.ts'
import type { Workload } from '../../src/sim/workload.ts'

/** Who asks for what, of which servers, and what counts as done well. Plain data: it runs in virtual time and on sockets. */
export interface Scenario {
  readonly name: string
  readonly about: string
  /** Those that look at parts of one history: it is played once. */
  readonly run?: string
  readonly workload: Workload
  /** Those of a kind that costs money are the cloud: asked only by arms that know when. */
  readonly fleet: readonly Machine[]
  /** How long requests come. */
  readonly lengthMs: number
  /** Requests made in this time count: before it servers fill and gateways learn. The end is that of the requests if not said. */
  readonly countedFromMs: number
  readonly countedToMs?: number
  /** Servers at home that are up in that time, where it is not all of them. */
  readonly homesUp?: number
  /** How patient callers are, for those arms that ask them. */
  readonly wishes: Wishes
  /** An answer counts when it was whole, from a server at home, and had its first token and its end in time. */
  readonly onTime: Wishes
  readonly arms: readonly string[]
  /** What befalls the servers, and when. */
  readonly outages?: readonly { readonly server: string; readonly fromMs: number; readonly toMs: number }[]
  /** The share of prompt tokens that a cache without end would know, all servers having the same one. */
  readonly cachedMost?: number
  /** Its requests are recorded: all seeds are nearly the same history, and one is enough. */
  readonly recorded?: boolean
}

export interface Wishes {
  /** Until the first token, and until the whole answer. */
  readonly patienceMs?: number
  readonly deadlineMs?: number
}
