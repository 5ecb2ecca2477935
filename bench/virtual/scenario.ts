import type { Machine } from '../../src/sim/fleet.ts'
import type { Workload } from '../../src/sim/workload.ts'

/** Who asks for what, of which servers, and what counts as done well. Plain data: it runs in virtual time and on sockets. */
export interface Scenario {
  readonly name: string
  readonly about: string
  readonly workload: Workload
  /** Those of a kind that costs money are the cloud: asked only by arms that know when. */
  readonly fleet: readonly Machine[]
  /** How long requests come, and from when on they count: before that, servers fill and gateways learn. */
  readonly lengthMs: number
  readonly warmUpMs: number
  /** How patient callers are, for those arms that ask them. */
  readonly wishes: Wishes
  /** An answer counts when it was whole, from a server at home, and had its first token and its end in time. */
  readonly onTime: Wishes
  readonly arms: readonly string[]
  /** What befalls the servers, and when. */
  readonly outages?: readonly { readonly server: string; readonly fromMs: number; readonly toMs: number }[]
}

export interface Wishes {
  readonly patienceMs?: number
  readonly deadlineMs?: number
}
