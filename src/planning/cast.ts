import type { Cloud, Priority } from '../core/ask.ts'
import type { CallerSettings, Settings } from '../core/settings.ts'
import type { RequestRow } from '../recording/rows.ts'
import type { SimCaller } from '../sim/workload.ts'
import { keyOf } from './as-recorded.ts'

/** Those who asked, in a configuration that is to be tried. */
export interface Cast {
  readonly callers: readonly CallerSettings[]
  readonly callerOf: (row: RequestRow) => SimCaller
}

/**
 * Whom the configuration names is as it says; everybody else as recorded. What a request had that its caller does not usually
 * have, it wished for itself, and wishes again.
 */
export function castOf(requests: readonly RequestRow[], was: Settings, tried: Settings): Cast {
  const known = new Map(was.callers.map((one) => [one.caller.id, one]))
  const named = new Map(tried.callers.map((one) => [one.caller.id, one]))
  const { anonymous } = tried
  if (anonymous !== undefined)
    named.set(anonymous.id, { caller: anonymous, key: keyOf(anonymous.id), patienceMs: undefined })
  const roles = new Map<string, Role>()
  for (const [name, its] of Map.groupBy(requests, ({ caller }) => caller)) {
    const usual = usualOf(its, known.get(name), was)
    roles.set(name, { usual, is: named.get(name) ?? asRecorded(name, usual, was) })
  }
  return {
    callers: Array.from(roles.values(), ({ is }) => ({ ...is, expiresAt: undefined, addresses: undefined })),
    callerOf: (row) => playedBy(roles.get(row.caller)!, row),
  }
}

interface Role {
  readonly usual: Usual
  readonly is: CallerSettings
}

/** How a caller's requests are, where they wish for nothing else. */
interface Usual {
  readonly known: CallerSettings | undefined
  readonly weight: number
  readonly priority: Priority
  readonly cloud: Cloud
  readonly patienceMs: number
  readonly deadlineMs: number | undefined
}

/** Who has a key that was made while the gateway ran is known by its requests alone. */
function usualOf(its: readonly RequestRow[], known: CallerSettings | undefined, { queue }: Settings): Usual {
  if (known !== undefined) {
    const { caller, patienceMs = queue.patienceMs, deadlineMs = queue.deadlineMs } = known
    const { weight, priority, cloud } = caller
    return { known, weight, priority, cloud, patienceMs, deadlineMs }
  }
  return {
    known,
    weight: its[0]?.weight ?? 1,
    priority: most(its, ({ priority }) => priority),
    cloud: most(its, ({ cloud }) => cloud),
    patienceMs: most(its, (row) => row.patience_ms),
    deadlineMs: most(its, (row) => row.deadline_ms),
  }
}

/** What the whole gateway had, it has as it is tried. */
function asRecorded(
  name: string,
  { known, weight, priority, cloud, ...usual }: Usual,
  { queue }: Settings,
): CallerSettings {
  if (known !== undefined) return known
  return {
    caller: { id: name, weight, priority, cloud, models: undefined },
    key: keyOf(name),
    patienceMs: usual.patienceMs === queue.patienceMs ? undefined : usual.patienceMs,
    deadlineMs: usual.deadlineMs === queue.deadlineMs ? undefined : usual.deadlineMs,
  }
}

function playedBy({ usual, is: { caller } }: Role, row: RequestRow): SimCaller {
  return {
    name: row.caller,
    weight: caller.weight,
    priority: row.priority === usual.priority ? caller.priority : row.priority,
    cloud: row.cloud === usual.cloud ? caller.cloud : row.cloud,
    patienceMs: row.patience_ms === usual.patienceMs ? undefined : row.patience_ms,
    deadlineMs: row.deadline_ms === usual.deadlineMs ? undefined : row.deadline_ms,
  }
}

function most<T>(rows: readonly RequestRow[], of: (row: RequestRow) => T): T {
  const counts = new Map<T, number>()
  for (const row of rows) counts.set(of(row), (counts.get(of(row)) ?? 0) + 1)
  return [...counts].reduce((best, one) => (one[1] > best[1] ? one : best))[0]
}
