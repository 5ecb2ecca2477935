import type { Call } from '../core/backend.ts'
import { Fault } from '../core/fault.ts'
import { isObject, type Json } from '../core/json.ts'

type Request = Parameters<Call>[0]

type Answer = Awaited<ReturnType<Call>>

/** A large model comes from a slow disk in minutes, and its server answers when it is there. */
export const loadMaxMs: number = 10 * 60_000

/** What is good to know and not worth waiting for: a server in the middle of a long prompt may take seconds to tell. */
const glimpseMs = 1_000

/** Asks a server for a JSON object; throws a Fault with a sentence for people when it does not give one. */
export async function ask(call: Call, request: Request): Promise<Json> {
  const { status, json } = await call(request)
  const what = `${request.method} ${withoutQuery(request.path)}`
  refuseDenied(status, what)
  if (status === 503) throw new Fault('upstream-busy', `The server is not ready: it answered ${what} with HTTP 503.`)
  if (status !== 200)
    throw new Fault('upstream-broke', `The server answered ${what} with HTTP ${status}: check its kind and url.`)
  if (!isObject(json))
    throw new Fault('upstream-broke', `The server answered ${what} with something that is not a JSON object.`)
  return json
}

/** Throws for a server that does not let the gateway in. */
export function refuseDenied(status: number, what: string): void {
  if (status === 401) throw new Fault('upstream-denied', `The server wants a key for ${what}: set its api_key.`)
  if (status === 403) throw new Fault('upstream-denied', `The server forbids ${what} to the gateway.`)
}

/** Tells a server to do something; throws a Fault with what it says against it. */
export async function order(call: Call, request: Request): Promise<Answer> {
  const answer = await call(request)
  refuseFailed(answer, request)
  return answer
}

export function refuseFailed({ status, json }: Answer, { method, path }: Request): void {
  if (status >= 200 && status < 300) return
  const said = complaint(json)
  throw new Fault(
    status === 429 || status === 503 ? 'upstream-busy' : 'upstream-broke',
    `The server answered ${method} ${withoutQuery(path)} with HTTP ${status}${said === undefined ? '.' : `: ${said}`}`,
  )
}

/** What a server says where it says it in time; undefined for anything else. */
export async function glimpse(call: Call, path: string): Promise<Answer | undefined> {
  try {
    const answer = await call({ method: 'GET', path, timeoutMs: glimpseMs })
    return answer.status === 200 ? answer : undefined
  } catch {
    return undefined
  }
}

/** What went wrong, in the server's words, whichever of the usual shapes they came in. */
export function complaint(json: unknown): string | undefined {
  if (!isObject(json)) return undefined
  const { error, message, detail } = json
  const said = isObject(error) ? error['message'] : (error ?? message ?? detail)
  return typeof said === 'string' && said !== '' ? said.replace(/\s+/g, ' ').slice(0, 300) : undefined
}

/** The objects in a list that may also be null, absent or anything else. */
export function objectsIn(list: unknown): readonly Json[] {
  return Array.isArray(list) ? list.filter(isObject) : []
}

export function objectAt(json: unknown, key: string): Json {
  const value = isObject(json) ? json[key] : undefined
  return isObject(value) ? value : {}
}

/** A count of something that there is at least one of. */
export function countIn(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined
}

/** A number of tokens as a server counted them: none is a number too. */
export function tokenCount(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new Fault('upstream-broke', 'The server did not say how many tokens there are.')
}

export function textsIn(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : []
}

export function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

const withoutQuery = (path: string): string => path.split('?', 1)[0]!
