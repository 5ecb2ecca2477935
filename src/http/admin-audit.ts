import { Fault } from '../core/fault.ts'
import type { Audit } from '../ledger/audit.ts'
import type { ListedAudit } from '../ledger/jobs/audit.ts'
import { does, type Place } from './admin-routes.ts'

const usualMost = 100
const most = 1_000

export const auditPlaces = (audit: Pick<Audit, 'list'>): readonly Place[] => [
  ['/api/audit', does('GET', async ({ query }) => ({ rows: (await audit.list(queryIn(query))).map(auditView) }))],
]

function queryIn(query: URLSearchParams): Parameters<Audit['list']>[0] {
  for (const name of query.keys()) {
    if (!['since', 'until', 'action', 'limit'].includes(name))
      throw new Fault('bad-request', `There is no ${name.slice(0, 40)} here: say since, until, action or limit.`)
  }
  const limit = Number(query.get('limit') ?? usualMost)
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > most)
    throw new Fault('bad-request', `The limit is a whole number from 1 to ${most}.`)
  return {
    since: dateIn(query, 'since'),
    until: dateIn(query, 'until'),
    actionPrefix: query.get('action') ?? undefined,
    most: limit,
  }
}

function dateIn(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN
  if (Number.isNaN(ms)) throw new Fault('bad-request', `${name} is a date, as in 2026-01-31 or 2026-01-31T12:00:00Z.`)
  return ms
}

/** Spelled like the rest of the outside; also what `spillway audit --json` writes. */
export const auditView = ({ seq, id, at, uptimeMs, actor, source, action, subject, ...rest }: ListedAudit): object => ({
  seq,
  id,
  at: new Date(at).toISOString(),
  uptime_ms: uptimeMs,
  actor,
  source: source ?? null,
  action,
  subject,
  before: rest.before ?? null,
  after: rest.after ?? null,
  detail: rest.detail ?? null,
  result: rest.result,
})
