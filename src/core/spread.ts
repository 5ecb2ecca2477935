import type { Fault, FaultKind } from './fault.ts'
import type { World } from './world.ts'

/** Part of a time by which it is earlier or later. */
const jitter = 0.2

/** What nobody was promised: those who hear it at one moment must not all come back at another. */
const spreads: ReadonlySet<FaultKind> = new Set([
  'queue-full',
  'upstream-busy',
  'no-upstream',
  'shutting-down',
  'overloaded',
])

/** The same fault, with the time to come back moved a little. A time that was promised stays. */
export function spread(fault: Fault, world: Pick<World, 'random'>): Fault {
  const { comeBackMs } = fault
  if (comeBackMs === undefined || !spreads.has(fault.kind)) return fault
  // Before the time that a server named itself, nobody is welcome.
  const earlier = fault.told && fault.retryAfterMs !== undefined ? 0 : jitter
  const retryAfterMs = Math.round(comeBackMs * (1 - earlier + (jitter + earlier) * world.random()))
  return fault.with({ retryAfterMs })
}
