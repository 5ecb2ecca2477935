import type { CloudState, Delivery, DueLetter, Letter } from '../../core/notes.ts'
import { type Row, sql, type Work } from '../work.ts'
import { type AuditRecord, addAudit } from './audit.ts'

/** Longer than any span of a budget: what is older cannot come up again. */
const lettersKeptMs = 400 * 86_400_000

export function* cloudState(): Work<CloudState | undefined> {
  const [row] = yield sql('SELECT is_open, reason, who, source, at FROM switches WHERE name = ?', 'cloud')
  if (row === undefined) return undefined
  const { is_open: isOpen, reason, who, source, at } = row
  return {
    open: Number(isOpen) === 1,
    by: String(who),
    at: Number(at),
    ...(reason !== null && { reason: String(reason) }),
    ...(source !== null && { from: String(source) }),
  }
}

/** The switch and the line about who moved it, or neither. */
export function* setCloudState({ open, reason, by, from, at }: CloudState, record: AuditRecord): Work<void> {
  const before = (yield* cloudState())?.open === false ? 'closed' : 'open'
  yield sql(
    `INSERT INTO switches (name, is_open, reason, who, source, at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET is_open = excluded.is_open, reason = excluded.reason, who = excluded.who,
       source = excluded.source, at = excluded.at`,
    'cloud',
    open ? 1 : 0,
    reason ?? null,
    by,
    from ?? null,
    at,
  )
  yield* addAudit({ ...record, before })
}

/** True for the first. */
export function* postLetter({ id, at, body }: Letter, addressed: boolean): Work<boolean> {
  yield sql('DELETE FROM letters WHERE at < ?', at - lettersKeptMs)
  const added = yield sql(
    'INSERT INTO letters (id, at, body, tries, next_at) VALUES (?, ?, ?, 0, ?) ON CONFLICT (id) DO NOTHING RETURNING id',
    id,
    at,
    body,
    addressed ? at : null,
  )
  return added.length > 0
}

/** Whether it is any letter's turn. To ask changes nothing, and is nearly always all there is to do. */
export function* lettersDue(now: number): Work<boolean> {
  return (yield sql('SELECT 1 AS due FROM letters WHERE next_at <= ? LIMIT 1', now)).length > 0
}

export function* takeLetters(now: number, leaseMs: number, most: number): Work<readonly DueLetter[]> {
  const due = yield sql('SELECT id, next_at FROM letters WHERE next_at <= ? ORDER BY next_at, id LIMIT ?', now, most)
  const taken: DueLetter[] = []
  for (const { id = null, next_at: nextAt = null } of due) {
    // Somebody else may have taken it since it was read.
    const text = 'UPDATE letters SET next_at = ? WHERE id = ? AND next_at = ? RETURNING id, at, body, tries'
    const rows: readonly Row[] = yield sql(text, now + leaseMs, id, nextAt)
    for (const row of rows)
      taken.push({ id: String(row.id), at: Number(row.at), body: String(row.body), tries: Number(row.tries) })
  }
  return taken
}

export function* letterSent(id: string, delivery: Delivery): Work<void> {
  const nextAt = 'tryAgainAt' in delivery ? delivery.tryAgainAt : null
  yield sql('UPDATE letters SET tries = tries + 1, next_at = ? WHERE id = ?', nextAt, id)
}
