import type { ServerResponse } from 'node:http'
import type { Dialect } from '../core/dialect.ts'
import { Fault } from '../core/fault.ts'
import type { Reply } from '../core/reply.ts'

/** Writes a reply as it comes. Resolves when the last byte is with the kernel, or the caller is gone. */
export async function writeReply(response: ServerResponse, reply: Reply, dialect: Dialect, requestId: string): Promise<void> {
  const body = reply.body[Symbol.asyncIterator]()
  const first = await body.next()
  if (!reply.stream) {
    const answer = first.done === true ? empty : first.value
    response.writeHead(200, [
      'content-type',
      'application/json; charset=utf-8',
      'content-length',
      String(answer.length),
      ...aboutOf(reply, requestId),
    ])
    // As text of single bytes a small answer leaves in one write with its head; as a buffer it would take two.
    if (answer.length <= joinedMaxBytes) response.end(latin1(answer), 'latin1')
    else response.end(answer)
    // Reads the end, which settles the outcome.
    await body.next()
    return
  }
  response.writeHead(200, [
    'content-type',
    dialect.streamType,
    'cache-control',
    'no-cache, no-transform',
    // nginx holds a stream back unless it is told not to.
    'x-accel-buffering',
    'no',
    ...aboutOf(reply, requestId),
  ])
  await pump(response, body, first, dialect)
}

async function pump(
  response: ServerResponse,
  body: AsyncIterator<Uint8Array>,
  first: IteratorResult<Uint8Array>,
  dialect: Dialect,
): Promise<void> {
  try {
    for (let step = first; step.done !== true; step = await body.next()) {
      if (!response.write(step.value)) await drained(response)
    }
    response.end()
  } catch (error) {
    // The head said 200: what is left is to end in a way that nobody takes for an end.
    if (!response.destroyed) response.end(dialect.faultFrame(Fault.from(error)))
  }
}

export function writeFault(response: ServerResponse, fault: Fault, dialect: Dialect, options: FaultOptions): void {
  writeJson(response, fault.status, JSON.stringify(dialect.writeFault(fault)), {
    ...options,
    headers: [...(options.headers ?? []), ...retryHeaders(fault)],
  })
}

interface FaultOptions {
  readonly requestId?: string | undefined
  readonly headers?: readonly string[]
  /** The rest of the request is not to be read. */
  readonly close?: boolean
  /** Answers a HEAD: all but the body. */
  readonly bodiless?: boolean
}

export function writeJson(response: ServerResponse, status: number, json: string, options: FaultOptions = {}): void {
  const body = Buffer.from(json)
  response.writeHead(status, [
    'content-type',
    'application/json; charset=utf-8',
    'content-length',
    String(body.length),
    ...(options.requestId === undefined ? [] : ['x-request-id', options.requestId]),
    ...(options.close === true ? ['connection', 'close'] : []),
    ...(options.headers ?? []),
  ])
  if (options.bodiless === true) response.end()
  else response.end(body)
}

/** Clients that wait as long as they are told come back when it makes sense. */
function retryHeaders({ status, retryAfterMs }: Fault): string[] {
  if (status !== 429 && status !== 503) return []
  const ms = Math.max(1, Math.ceil(retryAfterMs ?? 1_000))
  return ['retry-after', String(Math.ceil(ms / 1_000)), 'retry-after-ms', String(ms)]
}

function aboutOf({ upstream, decision }: Reply, requestId: string): readonly string[] {
  return [
    'x-request-id',
    requestId,
    'x-spillway-upstream',
    upstream,
    'x-spillway-decision',
    decision,
    'x-spillway-cache',
    'bypass',
  ]
}

const joinedMaxBytes = 16 * 1024

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

const empty = new Uint8Array(0)

/** Waits until a slow reader has caught up, or is gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) return resolve()
    const done = (): void => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
  })
}
