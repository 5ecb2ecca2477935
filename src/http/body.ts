import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { Fault } from '../core/fault.ts'
import { isObject, type Json } from '../core/json.ts'
import { splice } from '../dialects/splice.ts'
import type { Head } from './guard.ts'

/** Deeper than any request that means something, and shallow enough for every recursion behind. */
const depthMax = 64

/** What curl and careless clients call JSON. */
const takenTypes = /^(?:application\/(?:[\w.+-]*\+)?json|text\/plain|application\/x-www-form-urlencoded|application\/x-ndjson)\s*(?:;|$)/i

/** Refuses a body by its head, before a byte of it is read. */
export function checkBodyHead({ contentType, contentEncoding, contentLength }: Head, maxBytes: number): void {
  if (contentLength !== undefined && contentLength > maxBytes) throw tooLarge(maxBytes)
  if (contentEncoding !== undefined && contentEncoding.toLowerCase() !== 'identity') {
    throw new Fault('wrong-type', `A body in ${contentEncoding} is not taken; send it as it is.`)
  }
  if (contentType !== undefined && !takenTypes.test(contentType)) {
    throw new Fault('wrong-type', 'The body has to be JSON: send content-type: application/json.')
  }
}

/** Reads a body whole. Rejects with a Fault when it is too large; never settles when the caller goes, since nobody is left to tell. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined
    let rest: Buffer[] | undefined
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > maxBytes) {
        first = rest = undefined
        request.pause()
        reject(tooLarge(maxBytes))
        return
      }
      if (first === undefined) first = chunk
      else (rest ??= [first]).push(chunk)
    })
    request.on('end', () => resolve(rest === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(rest, size)))
    request.on('error', () => {})
  })
}

/** The JSON object in a body. What is wrong with it is the caller's, and is said. */
export function parseBody(bytes: Buffer): Json {
  if (bytes.length === 0) throw new Fault('bad-request', 'The body is empty; send a JSON object.')
  if (!isUtf8(bytes)) throw new Fault('bad-request', 'The body is not UTF-8.')
  let body: unknown
  try {
    body = JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    throw new Fault('bad-request', `The body is not JSON: ${whereOf(error)}.`)
  }
  if (!isObject(body)) throw new Fault('bad-request', 'The body has to be a JSON object.')
  if (isDeeper(body, depthMax)) throw new Fault('bad-request', `The body is nested more than ${depthMax} deep.`)
  // Two models in one request: the one that is checked might not be the one that a server takes.
  if (mayRepeatModel(bytes)) splice(bytes, {})
  return body
}

/** What the parser says quotes the body, and an error may end in a log: only the place is told. */
function whereOf(error: unknown): string {
  const at = /at position \d+(?: \(line \d+ column \d+\))?/.exec(error instanceof Error ? error.message : '')
  return at === null ? 'it ends too early or holds what JSON does not know' : `it goes wrong ${at[0]}`
}

function mayRepeatModel(bytes: Buffer): boolean {
  const first = bytes.indexOf('"model"')
  return first === -1 ? bytes.includes('\\u00') : bytes.includes('"model"', first + 7) || bytes.includes('\\u00')
}

function isDeeper(value: unknown, left: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (left === 0) return true
  if (Array.isArray(value)) {
    for (const item of value) if (isDeeper(item, left - 1)) return true
    return false
  }
  for (const key in value) if (isDeeper((value as Json)[key], left - 1)) return true
  return false
}

const tooLarge = (maxBytes: number): Fault =>
  new Fault('too-large', `The body is larger than the ${Math.floor(maxBytes / 1024)} KiB that are taken here.`)
