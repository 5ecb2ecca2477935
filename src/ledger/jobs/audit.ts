import { createHash } from 'node:crypto'
import type { Change } from '../../core/change.ts'
import { type Row, sql, type Work } from '../work.ts'

/** A change with when it was made. */
export interface AuditRecord extends Change {
  /** Unique for ever: taken down twice, it is there once. */
  readonly id: string
  /** In milliseconds since 1970, and since this machine was started: a clock that was set shows in the difference. */
  readonly at: number
  readonly uptimeMs: number
}

export interface AuditQuery {
  readonly since?: number | undefined
  readonly until?: number | undefined
  readonly actionPrefix?: string | undefined
  /** The newest of them, at most. */
  readonly most: number
}

export interface ListedAudit extends AuditRecord {
  readonly seq: number
}

/** How it stands with the chain: `brokenAt` is the first line that is not as it was written. */
export interface AuditVerdict {
  readonly rows: number
  readonly brokenAt: number | undefined
  readonly why: string | undefined
}

const fields = 'seq, id, at, uptime_ms, actor, source, action, subject, was, became, result, detail, hash'

/** To be part of the same work as the change itself, wherever that is in the database as well. */
export function* addAudit(record: AuditRecord): Work<void> {
  // Held until all is written: of two who write at once, one follows upon the other.
  const [head] = yield sql('UPDATE audit_head SET seq = seq WHERE name = ? RETURNING seq, hash', 'audit')
  const [there] = yield sql('SELECT seq FROM audit WHERE id = ?', record.id)
  if (there !== undefined) return
  const seq = Number(head?.seq) + 1
  const hash = hashOf(String(head?.hash), seq, record)
  const { id, at, uptimeMs, actor, source, action, subject, before, after, result, detail } = record
  yield sql(
    `INSERT INTO audit (${fields}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    seq,
    id,
    at,
    uptimeMs,
    actor,
    source ?? null,
    action,
    subject,
    before ?? null,
    after ?? null,
    result,
    detail ?? null,
    hash,
  )
  yield sql('UPDATE audit_head SET seq = ?, hash = ? WHERE name = ?', seq, hash, 'audit')
}

/** The newest first. */
export function* listAudit({
  since = 0,
  until = Number.MAX_SAFE_INTEGER,
  actionPrefix = '',
  most,
}: AuditQuery): Work<readonly ListedAudit[]> {
  const rows = yield sql(
    `SELECT ${fields} FROM audit WHERE at >= ? AND at < ? AND substr(action, 1, ?) = ? ORDER BY seq DESC LIMIT ?`,
    since,
    until,
    actionPrefix.length,
    actionPrefix,
    most,
  )
  return rows.map(recordOf)
}

/** Lets go of what is older. The chain begins with the first that is left, and says on what that follows. */
export function* forgetAudit(before: number): Work<number> {
  yield sql('UPDATE audit_head SET seq = seq WHERE name = ?', 'audit')
  const [last] = yield sql('SELECT seq, hash FROM audit WHERE at < ? ORDER BY seq DESC LIMIT 1', before)
  if (last === undefined) return 0
  const { seq = null, hash = null } = last
  const gone = yield sql('DELETE FROM audit WHERE seq <= ? RETURNING seq', seq)
  yield sql('UPDATE audit_head SET begin_seq = ?, begin_hash = ? WHERE name = ?', seq, hash, 'audit')
  return gone.length
}

const pageRows = 1_000

export function* verifyAudit(): Work<AuditVerdict> {
  const [head] = yield sql('SELECT seq, hash, begin_seq, begin_hash FROM audit_head WHERE name = ?', 'audit')
  if (head === undefined) return { rows: 0, brokenAt: 0, why: 'it has lost its head' }
  let seq = Number(head.begin_seq)
  let hash = String(head.begin_hash)
  const first = seq
  for (;;) {
    const rows: readonly Row[] = yield sql(
      `SELECT ${fields} FROM audit WHERE seq > ? ORDER BY seq LIMIT ?`,
      seq,
      pageRows,
    )
    for (const row of rows) {
      seq += 1
      if (Number(row.seq) !== seq) return { rows: seq - first, brokenAt: seq, why: 'a line is missing' }
      hash = hashOf(hash, seq, recordOf(row))
      if (hash !== row.hash) return { rows: seq - first, brokenAt: seq, why: 'a line is not as it was written' }
    }
    if (rows.length < pageRows) break
  }
  const isWhole = seq === Number(head.seq) && hash === head.hash
  return { rows: seq - first, brokenAt: isWhole ? undefined : seq + 1, why: isWhole ? undefined : 'its end is missing' }
}

function hashOf(before: string, seq: number, record: AuditRecord): string {
  const { id, at, uptimeMs, actor, source, action, subject, before: was, after, result, detail } = record
  const all = [before, seq, id, at, uptimeMs, actor, source, action, subject, was, after, result, detail]
  return createHash('sha256')
    .update(JSON.stringify(all.map((value) => value ?? null)))
    .digest('hex')
}

function recordOf(row: Row): ListedAudit {
  return {
    seq: Number(row.seq),
    id: String(row.id),
    at: Number(row.at),
    uptimeMs: Number(row.uptime_ms),
    actor: String(row.actor),
    source: textOf(row.source),
    action: String(row.action),
    subject: String(row.subject),
    before: textOf(row.was),
    after: textOf(row.became),
    result: String(row.result),
    detail: textOf(row.detail),
  }
}

const textOf = (value: Row[string] = null): string | undefined => (value === null ? undefined : String(value))
