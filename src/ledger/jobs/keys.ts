import { addAudit, type AuditRecord } from './audit.ts'
import { sql, type Row, type Value, type Work } from '../work.ts'

/** A key of a caller, and what is known of its secrets. */
export interface KeyRow {
  /** The public part of it. */
  readonly id: string
  /** What its caller is called. */
  readonly name: string
  readonly env: string
  /** What it may do: JSON, as in the configuration. */
  readonly scopes: string
  readonly createdAt: number
  readonly createdBy: string
  readonly expiresAt: number | null
  readonly revokedAt: number | null
  readonly secrets: readonly KeySecret[]
}

export interface KeySecret {
  readonly digest: string
  readonly madeAt: number
  /** From then on it counts no more; null for one that has not been replaced. */
  readonly endsAt: number | null
}

export type NewKey = Pick<KeyRow, 'id' | 'name' | 'env' | 'scopes' | 'createdAt' | 'createdBy' | 'expiresAt'> & {
  readonly digest: string
}

/** All changes since a version, as far as somebody has seen them. */
export interface KeyChanges {
  readonly version: number
  /** Of the pepper with which all digests were made; '' before the first. */
  readonly pepper: string
  readonly keys: readonly KeyRow[]
}

/**
 * Takes a key down, unless another pepper was used before or somebody who may ask is called so. This change and all that
 * follow are taken down with who made them in one go: one is not without the other.
 */
export function* insertKey(
  key: NewKey,
  pepper: string,
  audit: AuditRecord,
): Work<'made' | 'name-taken' | 'other-pepper'> {
  // Changes wait here for one another, so that nobody can see a later one and miss an earlier one.
  const [head] = yield sql("UPDATE key_changes SET version = version + 1 WHERE name = 'keys' RETURNING version, pepper")
  const before = String(head?.['pepper'])
  if (before !== '' && before !== pepper) return 'other-pepper'
  const [other] = yield sql('SELECT id FROM caller_keys WHERE name = ? AND revoked_at IS NULL', key.name)
  if (other !== undefined) return 'name-taken'
  if (before === '') yield sql("UPDATE key_changes SET pepper = ? WHERE name = 'keys'", pepper)
  yield sql(
    `INSERT INTO caller_keys (id, name, env, scopes, created_at, created_by, expires_at, revoked_at, version)
     VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?)`,
    key.id,
    key.name,
    key.env,
    key.scopes,
    key.createdAt,
    key.createdBy,
    key.expiresAt,
    versionIn(head),
  )
  yield* insertSecret(key.id, key.digest, key.createdAt)
  yield* addAudit(audit)
  return 'made'
}

/** Gives a key another secret. Those before it count until `until` and no longer. */
export function* rotateKey(
  id: string,
  { digest, at, until }: { readonly digest: string; readonly at: number; readonly until: number },
  audit: AuditRecord,
): Work<boolean> {
  if (!(yield* touch(id))) return false
  yield sql('DELETE FROM key_secrets WHERE key_id = ? AND ends_at <= ?', id, at)
  yield sql(
    'UPDATE key_secrets SET ends_at = ? WHERE key_id = ? AND (ends_at IS NULL OR ends_at > ?)',
    until,
    id,
    until,
  )
  yield* insertSecret(id, digest, at)
  yield* addAudit(audit)
  return true
}

/** Only where it still may do what it might before: somebody else may have changed it meanwhile. */
export function* changeKey(
  id: string,
  before: Pick<KeyRow, 'scopes' | 'expiresAt'>,
  after: Pick<KeyRow, 'scopes' | 'expiresAt'>,
  audit: AuditRecord,
): Work<boolean> {
  const [row] = yield sql('SELECT scopes, expires_at FROM caller_keys WHERE id = ?', id)
  if (row?.['scopes'] !== before.scopes || numberOf(row['expires_at']) !== before.expiresAt) return false
  if (!(yield* touch(id))) return false
  yield sql('UPDATE caller_keys SET scopes = ?, expires_at = ? WHERE id = ?', after.scopes, after.expiresAt, id)
  yield* addAudit(audit)
  return true
}

/** For good, and with all of its secrets. */
export function* revokeKey(id: string, at: number, audit: AuditRecord): Work<boolean> {
  if (!(yield* touch(id))) return false
  yield sql('UPDATE caller_keys SET revoked_at = ? WHERE id = ?', at, id)
  yield sql('DELETE FROM key_secrets WHERE key_id = ?', id)
  yield* addAudit(audit)
  return true
}

/** All keys that have changed since; from 0 on, all that there ever were. */
export function* keysSince(version: number): Work<KeyChanges> {
  const [head] = yield sql("SELECT version, pepper FROM key_changes WHERE name = 'keys'")
  const now = versionIn(head)
  const pepper = String(head?.['pepper'])
  if (now === version) return { version, pepper, keys: [] }
  // A database that was put back to an earlier day has an earlier version: then all is new.
  const from = now < version ? 0 : version
  const rows = yield sql('SELECT * FROM caller_keys WHERE version > ? ORDER BY created_at, id', from)
  const secrets = yield sql(
    `SELECT key_id, digest, made_at, ends_at FROM key_secrets
     WHERE key_id IN (SELECT id FROM caller_keys WHERE version > ?) ORDER BY made_at, digest`,
    from,
  )
  const byKey = Map.groupBy(secrets, (row) => String(row['key_id']))
  return { version: now, pepper, keys: rows.map((row) => keyIn(row, byKey.get(String(row['id'])) ?? [])) }
}

/** Marks a key as changed, where there is one that was not revoked. */
function* touch(id: string): Work<boolean> {
  const [head] = yield sql("UPDATE key_changes SET version = version + 1 WHERE name = 'keys' RETURNING version")
  const touched = yield sql(
    'UPDATE caller_keys SET version = ? WHERE id = ? AND revoked_at IS NULL RETURNING id',
    versionIn(head),
    id,
  )
  return touched.length > 0
}

function* insertSecret(id: string, digest: string, at: number): Work<void> {
  yield sql('INSERT INTO key_secrets (digest, key_id, made_at, ends_at) VALUES (?, ?, ?, NULL)', digest, id, at)
}

const versionIn = (head: Row | undefined): number => Number(head?.['version'])

/** PostgreSQL hands large numbers on as text. */
const numberOf = (value: Value | undefined): number | null =>
  value === null || value === undefined ? null : Number(value)

const keyIn = (row: Row, secrets: readonly Row[]): KeyRow => ({
  id: String(row['id']),
  name: String(row['name']),
  env: String(row['env']),
  scopes: String(row['scopes']),
  createdAt: Number(row['created_at']),
  createdBy: String(row['created_by']),
  expiresAt: numberOf(row['expires_at']),
  revokedAt: numberOf(row['revoked_at']),
  secrets: secrets.map((secret) => ({
    digest: String(secret['digest']),
    madeAt: Number(secret['made_at']),
    endsAt: numberOf(secret['ends_at']),
  })),
})
