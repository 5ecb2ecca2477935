import type { DoorSettings } from '../config/settings.ts'
import { callAdmin } from './admin-call.ts'

/** What a gateway tells of one of its servers. */
export interface Listed {
  readonly url?: unknown
  readonly in_flight?: unknown
}

/** The servers of the gateway that has the operator's port of this configuration; undefined where none tells. */
export async function serversThere(doors: Pick<DoorSettings, 'admin'>): Promise<readonly Listed[] | undefined> {
  const answer = await callAdmin(doors, '/api/upstreams')
  const listed = answer?.status === 200 ? answer.json['upstreams'] : undefined
  return Array.isArray(listed) ? (listed as readonly Listed[]) : undefined
}
