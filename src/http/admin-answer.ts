import type { IncomingMessage, ServerResponse } from 'node:http'
import { Fault } from '../core/fault.ts'

/** How everything on the operator's port is answered: kept by nobody, and read by no page of a stranger. */

export const json = (response: ServerResponse, status: number, body: object): void =>
  send(response, status, `${JSON.stringify(body)}\n`, { 'content-type': 'application/json; charset=utf-8' })

export const refuse = (response: ServerResponse, status: number, code: string, message: string): void =>
  json(response, status, { ok: false, error: { code, message } })

/** What goes wrong with a request for a reason is told in its own words. */
export async function orRefused(response: ServerResponse, answer: () => Promise<object>, status = 200): Promise<void> {
  try {
    json(response, status, await answer())
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    refuse(response, error.status, error.code, error.message)
  }
}

export function send(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>>,
): void {
  setCommon(response)
  // What is left of a refused body is not worth reading.
  if (status === 413 || status === 400) response.setHeader('connection', 'close')
  response.writeHead(status, headers).end(response.req.method === 'HEAD' ? undefined : body)
}

export function setCommon(response: ServerResponse): void {
  response.setHeader('cache-control', 'no-store')
  response.setHeader('x-content-type-options', 'nosniff')
  response.setHeader('referrer-policy', 'no-referrer')
  response.setHeader('cross-origin-resource-policy', 'same-origin')
}

/** Undefined when it is too large. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  // Leaving early must not close the connection: the answer is still to go out on it.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += (chunk as Buffer).length
    if (size > maxBytes) return undefined
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}
