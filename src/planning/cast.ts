import type { CallerSettings, Settings } from '../core/settings.ts'
import type { RecordedCaller, RequestRow, SettingsRow } from '../recording/rows.ts'
import type { SimCaller } from '../sim/workload.ts'

/** Those who asked, in a configuration that is to be tried. */
export interface Cast {
  readonly callers: readonly CallerSettings[]
  readonly callerOf: (row: RequestRow) => SimCaller
}

/**
 * Whom the configuration names is as it says; everybody else as recorded. What a request had that its caller does not usually
 * have, it wished for itself, and wishes again.
 */
export function castOf(requests: readonly RequestRow[], recorded: SettingsRow, tried: Settings): Cast {
  const known = new Map(recorded.callers.map((caller) => [caller.name, caller]))
  const named = new Map(tried.callers.map((one) => [one.caller.id, one]))
  const { anonymous } = tried
  if (anonymous !== undefined)
    named.set(anonymous.id, { caller: anonymous, key: `key of ${anonymous.id}`, patienceMs: undefined })
  const roles = new Map<string, Role>()
  for (const [name, its] of Map.groupBy(requests, ({ caller }) => caller)) {
    const usual = usualOf(its, known.get(name))
    roles.set(name, { usual, is: named.get(name) ?? asRecorded(name, usual, recorded) })
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
interface Usual extends Omit<RecordedCaller, 'name'> {
  readonly patienceMs: number
  readonly deadlineMs: number | undefined
}

function usualOf(its: readonly RequestRow[], known: RecordedCaller | undefined): Usual {
  return {
    weight: known?.weight ?? 1,
    priority: known?.priority ?? most(its, ({ priority }) => priority),
    cloud: known?.cloud ?? most(its, ({ cloud }) => cloud),
    patienceMs: most(its, (row) => row.patience_ms),
    deadlineMs: most(its, (row) => row.deadline_ms),
  }
}

/** What the whole gateway had, it has as it is tried. */
function asRecorded(
  name: string,
  { weight, priority, cloud, ...usual }: Usual,
  { queue }: SettingsRow,
): CallerSettings {
  return {
    caller: { id: name, weight, priority, cloud, models: undefined },
    key: `key of ${name}`,
    patienceMs: usual.patienceMs === queue.patience_ms ? undefined : usual.patienceMs,
    deadlineMs: usual.deadlineMs === queue.deadline_ms ? undefined : usual.deadlineMs,
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
