import type { ServerResponse } from 'node:http'
import type { Fault, FaultKind } from '../core/fault.ts'
import { limitHeaders } from './limit-headers.ts'
import type { Shape } from './routes.ts'

interface Told {
  readonly requestId?: string | undefined
  readonly allow?: string | undefined
  /** Nothing further is read on this connection. */
  readonly close?: boolean
}

/** As long as this the rest of a refused request is read and thrown away, so that its sender comes to read why. */
export const lingerMs = 1_000

/** An answer that is an error from its head on. */
export function writeFault(
  response: ServerResponse,
  fault: Fault,
  shape: Shape,
  { requestId, allow, close }: Told,
): void {
  const headers: string[] = []
  if (requestId !== undefined) {
    headers.push('x-request-id', requestId)
    if (shape.idHeader !== undefined) headers.push(shape.idHeader, requestId)
  }
  if (allow !== undefined) headers.push('allow', allow)
  if (fault.status === 401) headers.push('www-authenticate', 'Bearer')
  const status = shape.statusOf?.(fault) ?? fault.status
  if (fault.comeBackMs !== undefined) headers.push(...retryHeaders(fault.comeBackMs))
  headers.push(...limitHeaders(fault.allowances, shape))
  if (isHopeless(fault)) headers.push('x-should-retry', 'false')
  if (close === true) headers.push('connection', 'close')
  writeText(response, status, JSON.stringify(shape.writeFault(fault, requestId)), { headers, lingers: close === true })
}

interface TextOptions {
  readonly type?: string
  readonly headers?: readonly string[]
  /** The request has not been read to its end. */
  readonly lingers?: boolean
}

/** A short answer, JSON unless said otherwise. */
export function writeText(response: ServerResponse, status: number, text: string, options: TextOptions = {}): void {
  const { type = 'application/json; charset=utf-8', headers = [], lingers = false } = options
  response.writeHead(status, ['content-type', type, 'content-length', String(Buffer.byteLength(text)), ...headers])
  if (!lingers) response.end(text)
  else {
    response.write(text)
    endBehindRequest(response)
  }
}

/** To close on someone who is still sending resets the connection, and a reset takes the answer along. */
function endBehindRequest(response: ServerResponse): void {
  const end = (): void => {
    clearTimeout(timer)
    response.end()
  }
  const timer = setTimeout(end, lingerMs)
  response.on('close', end)
  response.req.on('end', end)
  response.req.resume()
}

/**
 * Clients retry every 429 and 5xx unless told otherwise. A full queue and a busy server are worth another try after the
 * time we name; where the caller has waited as long as it wanted to, or the same would happen again, that only adds to it.
 */
const hopeless: ReadonlySet<FaultKind> = new Set([
  'patience-spent',
  'over-budget',
  'upstream-refused',
  'upstream-slow',
  'not-supported',
])

/** A budget of which much is only set aside for others is there again in a moment. */
const isHopeless = ({ kind, comeBackMs = Infinity }: Fault): boolean =>
  hopeless.has(kind) && !(kind === 'over-budget' && comeBackMs <= momentMs)

const momentMs = 5_000

const retryHeaders = (ms: number): string[] => [
  'retry-after',
  String(Math.ceil(ms / 1_000)),
  'retry-after-ms',
  String(ms),
]
