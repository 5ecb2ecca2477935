import { urlOf } from '../config/address.ts'
import type { DoorSettings } from '../config/settings.ts'
import { isObject } from '../core/json.ts'

const patienceMs = 5_000

export interface AdminAnswer {
  readonly status: number
  readonly json: Readonly<Record<string, unknown>>
}

/** Asks the gateway that runs by the same configuration; undefined where none does. */
export async function callAdmin(
  { admin }: Pick<DoorSettings, 'admin'>,
  path: string,
  body?: object,
): Promise<AdminAnswer | undefined> {
  const { host, port, token } = admin
  // What listens everywhere is here as well.
  const near = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  try {
    const response = await fetch(urlOf({ host: near, port }) + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      signal: AbortSignal.timeout(patienceMs),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const json: unknown = await response.json()
    return isObject(json) ? { status: response.status, json } : undefined
  } catch {
    return undefined
  }
}

/** In words, what a gateway had against it. */
export function complaintOf({ status, json }: AdminAnswer): string {
  const { error } = json
  return isObject(error) && typeof error['message'] === 'string' ? error['message'] : `The gateway answered ${status}.`
}
