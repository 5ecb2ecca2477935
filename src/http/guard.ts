import type { Cloud, Priority } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import { readDuration } from '../core/duration.ts'

/** What the head of a request says, as far as the gateway listens to it. */
export interface Head {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly credential: string | undefined
  readonly requestId: string | undefined
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
  readonly contentLength: number | undefined
  readonly hasBody: boolean
  readonly patienceMs: number | undefined
  readonly priority: Priority | undefined
  readonly cloud: Cloud | undefined
}

/** Refused before it was understood: two readers might read it in two ways, so the connection ends with the answer. */
export class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'Refusal'
    this.status = status
  }
}

interface RawRequest {
  readonly method: string
  readonly url: string
  readonly httpVersion: string
  readonly rawHeaders: readonly string[]
}

const known = ['GET', 'POST', 'DELETE', 'HEAD', 'OPTIONS', 'PUT', 'PATCH']

const priorities: readonly Priority[] = ['interactive', 'default', 'batch']
const clouds: readonly Cloud[] = ['never', 'allowed']

/** Headers of which there may be one, and whose value must be plain ASCII. */
const single = new Map<string, number>(
  [
    'host',
    'authorization',
    'x-api-key',
    'content-type',
    'content-length',
    'content-encoding',
    'transfer-encoding',
    'x-request-id',
    'x-spillway-patience-ms',
    'x-spillway-priority',
    'x-spillway-cloud',
    'x-spillway-cache',
  ].map((name, at) => [name, at]),
)

/**
 * Looks at the raw head in one pass. Node's parser refuses what is not HTTP; this refuses what is, and should not be:
 * everything that a proxy in front, this gateway and a server behind might understand differently.
 */
export function readHead({ method, url, httpVersion, rawHeaders }: RawRequest): Head {
  if (!known.includes(method)) throw new Refusal(405, `${method} is not spoken here.`)
  const path = readPath(url)
  const values: (string | undefined)[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase()
    const at = single.get(name)
    if (at === undefined) {
      // `X_Api_Key` and `X-Api-Key` are one to some servers and two to others.
      if (name.includes('_')) throw new Refusal(400, 'A header name with an underscore is not taken.')
      if (name === 'upgrade') throw new Refusal(501, 'No other protocol is spoken here; leave out the Upgrade header.')
      continue
    }
    if (values[at] !== undefined) throw new Refusal(400, `The header ${name} came twice.`)
    const value = rawHeaders[i + 1]!
    if (!isPlain(value)) throw new Refusal(400, `The header ${name} has characters beyond ASCII.`)
    values[at] = value
  }
  const [host, authorization, apiKey, contentType, length, contentEncoding, transfer, requestId, patience, priority, cloud] = values
  if (httpVersion !== '1.1' && httpVersion !== '1.0') throw new Refusal(400, `HTTP/${httpVersion} is not spoken here.`)
  checkHost(host)
  if (transfer !== undefined && httpVersion === '1.0') throw new Refusal(400, 'HTTP/1.0 knows no Transfer-Encoding.')
  const contentLength = length === undefined ? undefined : Number(length)
  const hasBody = transfer !== undefined || (contentLength !== undefined && contentLength > 0)
  if (hasBody && (method === 'GET' || method === 'HEAD')) throw new Refusal(400, `A body has no meaning with ${method}.`)
  return {
    method,
    path,
    credential: readCredential(authorization, apiKey),
    requestId: requestId !== undefined && /^[\w.:@-]{1,128}$/.test(requestId) ? requestId : undefined,
    contentType,
    contentEncoding,
    contentLength,
    hasBody,
    patienceMs: patience === undefined ? undefined : readPatience(patience),
    priority: priority === undefined ? undefined : oneOf('x-spillway-priority', priority, priorities),
    cloud: cloud === undefined ? undefined : oneOf('x-spillway-cloud', cloud, clouds),
  }
}

/** The path alone. A target that servers resolve differently is refused rather than resolved. */
function readPath(url: string): string {
  const query = url.indexOf('?')
  const path = query === -1 ? url : url.slice(0, query)
  if (url.charCodeAt(0) !== 47) throw new Refusal(400, 'The target of a request has to be a path here.')
  if (/^\/[\w/.:@-]*$/.test(path) ? path.includes('//') || path.includes('/.') : !isTame(path)) {
    throw new Refusal(400, 'The path has parts that servers read differently; write it plainly.')
  }
  if (url.includes('#')) throw new Refusal(400, 'A fragment is not part of a request.')
  return path
}

/** A name behind /v1/models/ may have an encoded slash; nowhere else does one belong. */
function isTame(path: string): boolean {
  if (/[\\\s]|\/\.|\/\/|%(?:00|5c|0[ad])/i.test(path)) return false
  if (!path.startsWith('/v1/models/')) return !/%(?:2f|2e)/i.test(path)
  return !/%2e/i.test(path)
}

function checkHost(host: string | undefined): void {
  if (host === undefined) throw new Refusal(400, 'The Host header is missing.')
  if (!/^(?:[\w.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.test(host)) throw new Refusal(400, 'The Host header names no host.')
}

function readCredential(authorization: string | undefined, apiKey: string | undefined): string | undefined {
  if (authorization === undefined) return apiKey
  const bearer = /^Bearer\s+(\S.*)$/i.exec(authorization)?.[1]?.trimEnd()
  if (bearer === undefined) throw new Fault('unauthorized', 'Send the key as "Authorization: Bearer KEY".')
  if (apiKey !== undefined && apiKey !== bearer) {
    throw new Fault('unauthorized', 'Two different keys came with this request; send one.')
  }
  return bearer
}

function readPatience(text: string): number {
  const ms = readDuration(text)
  if (ms === undefined) throw new Fault('bad-request', 'x-spillway-patience-ms has to be a number of milliseconds, or as in 8s.')
  return ms
}

function oneOf<const Word extends string>(name: string, text: string, words: readonly Word[]): Word {
  const word = words.find((one) => one === text.trim().toLowerCase())
  if (word === undefined) throw new Fault('bad-request', `${name} has to be ${words.join(' or ')}.`)
  return word
}

function isPlain(value: string): boolean {
  for (let i = 0; i < value.length; i += 1) if (value.charCodeAt(i) > 0x7e) return false
  return true
}
