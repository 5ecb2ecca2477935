import { isUtf8 } from 'node:buffer'
import type { ServerResponse } from 'node:http'
import { Fault } from '../core/fault.ts'
import { isObject, type Json } from '../core/json.ts'
import type { Head } from './guard.ts'
import { outlineOf } from './outline.ts'

/** Deeper than any request that means something, and shallow enough for every recursion behind. */
const depthMax = 64
/** Many times what a long conversation with many tools has; a million small values would hold up everybody for half a second. */
const valuesMax = 250_000

/** What is called JSON by careless clients, curl among them. */
const taken =
  /^(?:application\/(?:[\w.+-]+\+)?json|application\/x-(?:ndjson|www-form-urlencoded)|text\/plain)\s*(?:;|$)/i

/** Refuses a body by its head, before a byte of it is read. */
export function checkBodyHead({ contentType, contentEncoding, contentLength }: Head, maxBytes: number): void {
  if (contentLength !== undefined && contentLength > maxBytes) throw tooLarge(maxBytes)
  if (contentEncoding !== undefined && contentEncoding.trim().toLowerCase() !== 'identity') {
    throw new Fault('wrong-type', 'A compressed body is not taken; send it as it is, without Content-Encoding.')
  }
  if (contentType !== undefined && contentType !== 'application/json' && !taken.test(contentType)) {
    throw new Fault('wrong-type', 'The body has to be JSON; send content-type: application/json.')
  }
}

/** Reads a body whole; a body of one chunk is that chunk. Rejects when it is too large or the caller goes. */
export function readBody(response: ServerResponse, head: Head, maxBytes: number): Promise<Buffer> {
  const { req: request } = response
  if (head.expectsContinue) response.writeContinue()
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined
    let rest: Buffer[] | undefined
    let size = 0
    const onData = (chunk: Buffer): void => {
      size += chunk.length
      if (size > maxBytes) {
        // Whoever writes the answer reads on, without keeping anything.
        request.off('data', onData)
        request.pause()
        reject(tooLarge(maxBytes))
      } else if (first === undefined) first = chunk
      else (rest ??= [first]).push(chunk)
    }
    request.on('data', onData)
    request.on('end', () => resolve(rest === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(rest, size)))
    request.on('error', (cause) => reject(new Fault('cancelled', 'The caller went away.', { cause })))
  })
}

/** The JSON object in a body. What is wrong with it is said; what it holds is not, since errors may end in a log. */
export function parseBody(bytes: Buffer): Json {
  if (bytes.length === 0) throw faulty('The body is empty; send a JSON object.')
  if (!isUtf8(bytes)) throw faulty('The body is not UTF-8.')
  // Before parsing, which takes any depth and any time.
  const { depth, values, members } = outlineOf(bytes, depthMax)
  if (depth > depthMax) throw faulty(`The body is nested more than ${depthMax} deep.`)
  if (values > valuesMax) throw faulty(`The body has more than ${valuesMax} values.`)
  let body: unknown
  try {
    body = JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    throw faulty(`The body is not JSON: ${whereIn(error)}.`)
  }
  if (!isObject(body)) throw faulty('The body has to be a JSON object.')
  // Of two models one would be checked here, and the other served by a server that reads the first.
  if (Object.keys(body).length !== members) throw faulty('The body has a field twice.')
  return body
}

/** The parser quotes what it found; only the place is passed on. */
function whereIn(error: unknown): string {
  const place = /at position \d+(?: \(line \d+ column \d+\))?/.exec(error instanceof Error ? error.message : '')
  return place === null ? 'it ends too early, or does not begin as JSON does' : `it goes wrong ${place[0]}`
}

const faulty = (message: string): Fault => new Fault('bad-request', message)

const tooLarge = (maxBytes: number): Fault =>
  new Fault('too-large', `The body is larger than the ${Math.floor(maxBytes / 1024)} KiB that are taken here.`)
