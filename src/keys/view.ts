import type { Json } from '../core/json.ts'
import type { KeyRow } from '../ledger/jobs/keys.ts'
import { shownKey } from './format.ts'

/** A key as people and programs see it: all but what could be sent. */
export type KeyView = Json & {
  readonly id: string
  readonly name: string
  readonly state: KeyState
}

export type KeyState = 'live' | 'expired' | 'revoked'

export function viewOf(row: KeyRow, nowMs: number): KeyView {
  const { id, name, env, scopes, createdAt, createdBy, expiresAt, revokedAt, secrets } = row
  const old = secrets.filter(({ endsAt }) => endsAt !== null && endsAt > nowMs)
  return {
    id,
    name,
    shown: shownKey({ env, id }),
    state: revokedAt !== null ? 'revoked' : expiresAt !== null && expiresAt <= nowMs ? 'expired' : 'live',
    ...(JSON.parse(scopes) as Json),
    created_at: dateOf(createdAt),
    created_by: createdBy,
    expires_at: dateOf(expiresAt),
    revoked_at: dateOf(revokedAt),
    /** While it is being replaced: until when the last of the older secrets counts. */
    old_secret_until: old.length === 0 ? null : dateOf(Math.max(...old.map(({ endsAt }) => endsAt!))),
  }
}

const dateOf = (at: number | null): string | null =>
  at === null ? null : new Date(at).toISOString().replace('.000Z', 'Z')
