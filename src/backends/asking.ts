import type { Call } from '../core/backend.ts'
import { Fault } from '../core/fault.ts'
import { isObject, type Json } from '../core/json.ts'

/** Asks a server for a JSON object; throws a Fault with a sentence for people when it does not give one. */
export async function ask(call: Call, request: Parameters<Call>[0]): Promise<Json> {
  const { status, json } = await call(request)
  const what = `${request.method} ${request.path}`
  if (status === 401) throw new Fault('upstream-denied', `The server wants a key for ${what}: set its api_key.`)
  if (status === 403) throw new Fault('upstream-denied', `The server forbids ${what} to the gateway.`)
  if (status === 503) throw new Fault('upstream-busy', `The server is not ready: it answered ${what} with HTTP 503.`)
  if (status !== 200)
    throw new Fault('upstream-broke', `The server answered ${what} with HTTP ${status}: check its kind and url.`)
  if (!isObject(json))
    throw new Fault('upstream-broke', `The server answered ${what} with something that is not a JSON object.`)
  return json
}

/** The objects in a list that may also be null, absent or anything else. */
export function objectsIn(list: unknown): readonly Json[] {
  return Array.isArray(list) ? list.filter(isObject) : []
}

export function tokensIn(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined
}

export function textsIn(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : []
}
