import type { ServerResponse } from 'node:http'
import type { Dialect } from '../core/dialect.ts'
import { Fault } from '../core/fault.ts'
import type { Reply } from '../core/reply.ts'
import { limitHeaders } from './limit-headers.ts'
import { pieceMaxBytes, type Readers } from './readers.ts'
import { latin1, lengthOpen, StreamBody } from './stream-body.ts'

/** Who is answered, and how. */
export interface Audience {
  readonly response: ServerResponse
  readonly dialect: Dialect
  readonly requestId: string
  /** Fires when the caller is gone, or is to be sent away. */
  readonly signal: AbortSignal
  /** Where those are who read slowly: a stream holds a place on a server all the while. */
  readonly readers: Readers
  /** What the caller of a stream hears until it begins. It is stopped then, and hands over the stream if it has opened it. */
  readonly heartbeat?: { stop(): StreamBody | undefined } | undefined
}

/** Writes a reply as it comes. Resolves when its last byte is on its way; rejects while the caller has heard nothing yet. */
export async function writeReply(reply: Reply, audience: Audience): Promise<void> {
  const body = reply.body[Symbol.asyncIterator]()
  const first = await body.next()
  // A reply that was called off just ends.
  audience.signal.throwIfAborted()
  const begun = audience.heartbeat?.stop()
  if (begun !== undefined) return writeStream(body, first, begun, audience)
  if (reply.stream) return writeStream(body, first, beginStream(audience, aboutOf(reply, audience)), audience)
  const { response, readers } = audience
  const answer = first.done === true ? empty : first.value
  response.writeHead(200, [
    'content-type',
    'application/json; charset=utf-8',
    'content-length',
    String(answer.length),
    ...aboutOf(reply, audience),
  ])
  // As text of single bytes a small answer leaves in one write with its head; as a buffer it would take two.
  if (answer.length <= joinedMaxBytes) response.end(latin1(answer), 'latin1')
  else await writePieces(answer, audience, response)
  readers.flush(response)
  // Reads the end, which settles the outcome.
  await body.next()
}

/** Writes the head of a stream, which goes out with its first bytes. */
export function beginStream({ response, dialect }: Audience, about: readonly string[]): StreamBody {
  response.writeHead(200, [
    'content-type',
    dialect.streamType,
    'cache-control',
    'no-cache, no-transform',
    // nginx holds a stream back unless it is told not to.
    'x-accel-buffering',
    'no',
    ...lengthOpen(response),
    ...about,
  ])
  return new StreamBody(response)
}

async function writeStream(
  body: AsyncIterator<Uint8Array>,
  first: IteratorResult<Uint8Array>,
  out: StreamBody,
  audience: Audience,
): Promise<void> {
  const { response, dialect, signal, readers } = audience
  try {
    for (let step = first; step.done !== true; step = await body.next()) {
      if (step.value.length > pieceMaxBytes) await writePieces(step.value, audience, out)
      else if (!out.write(step.value)) await readers.drained(out.sink, response, signal)
      signal.throwIfAborted()
    }
    signal.throwIfAborted()
    out.end()
  } catch (error) {
    // Whoever stands between here and the server may have something to put away.
    body.return?.().catch(() => {})
    // The head said 200: what is left is to end in a way that nobody takes for an end.
    if (!isGone(response)) out.end(dialect.faultFrame(faultFor(error, signal)))
  }
  readers.flush(response)
}

/** Writes what is large so that a reader never has more than a piece of it to take, and is never late for it all at once. */
async function writePieces(
  bytes: Uint8Array,
  { response, signal, readers }: Audience,
  out: ServerResponse | StreamBody,
): Promise<void> {
  for (let from = 0; from < bytes.length; from += pieceMaxBytes) {
    if (out.write(bytes.subarray(from, from + pieceMaxBytes))) continue
    await readers.drained(out instanceof StreamBody ? out.sink : response, response, signal)
    signal.throwIfAborted()
  }
  if (!(out instanceof StreamBody)) out.end()
}

/** What to tell a caller who is still there. If what it asked was called off all the same, it was by us. */
export function faultFor(error: unknown, signal: AbortSignal): Fault {
  return signal.aborted
    ? new Fault('shutting-down', 'The gateway is shutting down; ask again in a moment.')
    : Fault.from(error)
}

export const isGone = ({ req }: ServerResponse): boolean => req.socket.destroyed

export const idHeaders = ({ dialect, requestId }: Audience): readonly string[] => [
  'x-request-id',
  requestId,
  ...(dialect.idHeader === undefined ? [] : [dialect.idHeader, requestId]),
]

const aboutOf = ({ upstream, decision, allowances }: Reply, audience: Audience): readonly string[] => [
  ...idHeaders(audience),
  'x-spillway-upstream',
  plain(upstream),
  'x-spillway-decision',
  plain(decision),
  'x-spillway-cache',
  'bypass',
  ...limitHeaders(allowances, audience.dialect),
]

/** A name from the configuration may have any letters; a header may not. */
const plain = (text: string): string =>
  /^[\x20-\x7e]*$/.test(text) ? text : text.toWellFormed().replaceAll(/[^\x20-\x7e]/gu, encodeURIComponent)

const joinedMaxBytes = 16 * 1024

const empty = new Uint8Array(0)
