import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { Cloud, Priority } from '../core/ask.ts'
import { readDuration } from '../core/duration.ts'
import { Fault } from '../core/fault.ts'
import { pathOf } from './target.ts'

/** What the head of a request says, as far as the gateway listens to it. */
export interface Head {
  readonly method: string
  /** As it was sent, without the query. */
  readonly path: string
  readonly host: string
  readonly origin: string | undefined
  readonly credential: string | undefined
  readonly requestId: string | undefined
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
  readonly contentLength: number | undefined
  readonly hasBody: boolean
  /** The caller waits for a word before it sends the body. */
  readonly expectsContinue: boolean
  readonly patienceMs: number | undefined
  readonly deadlineMs: number | undefined
  readonly priority: Priority | undefined
  readonly cloud: Cloud | undefined
  /** `never`: the answer is not to be cut to what is left of a budget. */
  readonly clamp: 'never' | 'allowed' | undefined
}

type RawRequest = Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'rawHeaders'>

const methods: ReadonlySet<string> = new Set(['GET', 'POST', 'HEAD', 'DELETE', 'OPTIONS', 'PUT', 'PATCH'])

/** The headers that are read here. Of each there may be one. */
const names = [
  'host',
  'origin',
  'authorization',
  'x-api-key',
  'api-key',
  'content-type',
  'content-encoding',
  'content-length',
  'transfer-encoding',
  'expect',
  'upgrade',
  'x-request-id',
  'x-spillway-patience-ms',
  'x-spillway-deadline-ms',
  'x-spillway-priority',
  'x-spillway-cloud',
  'x-spillway-clamp',
] as const

const places: ReadonlyMap<string, number> = new Map(names.map((name, place) => [name, place]))

const priorities = ['interactive', 'default', 'batch'] as const
const clouds = ['never', 'allowed'] as const

const keyHeaders: ReadonlySet<string> = new Set(['authorization', 'x-api-key', 'api-key'])

/** Longer than anybody waits, and short enough for every timer. */
const patienceMaxMs = 24 * 3_600_000

/**
 * Reads a head in one pass. Node's parser refuses what is not HTTP; this refuses what is, and that a proxy in front,
 * this gateway and a server behind might understand in different ways. Whatever it refuses ends the connection.
 */
export function readHead({ method = '', url = '', httpVersion, rawHeaders }: RawRequest): Head {
  if (!methods.has(method)) throw new Fault('wrong-method', `The method ${method} is not spoken here.`)
  const path = pathOf(url)
  if (url.length > path.length) checkQuery(url.slice(path.length + 1))
  const values = valuesIn(rawHeaders)
  const [host, origin, authorization, apiKey, azureKey, contentType, contentEncoding, length, ...others] = values
  const [transfer, expect, upgrade, requestId, patience, deadline, priority, cloud, clamp] = others
  if (httpVersion !== '1.1' && httpVersion !== '1.0') throw odd(`HTTP ${httpVersion} is not spoken here.`)
  if (upgrade !== undefined) {
    throw new Fault('not-supported', 'No other protocol is spoken here; leave out the Upgrade header.')
  }
  if (host === undefined) throw odd('The Host header is missing.')
  if (!/^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i.test(host)) throw odd('The Host header names no host.')
  if (expect !== undefined && expect.trim().toLowerCase() !== '100-continue') {
    throw new Fault('bad-request', 'No other expectation than 100-continue is met here.', { status: 417 })
  }
  if (transfer !== undefined) checkTransfer(transfer, httpVersion)
  const contentLength = length === undefined ? undefined : Number(length)
  const hasBody = transfer !== undefined || (contentLength !== undefined && contentLength > 0)
  if (hasBody && (method === 'GET' || method === 'HEAD')) throw odd(`A body has no meaning with ${method}.`)
  return {
    method,
    path,
    host,
    origin,
    credential: credentialIn(authorization, apiKey, azureKey),
    // Another one is no reason to refuse a request: it gets one of ours.
    requestId: requestId !== undefined && /^[\w.:-]{1,64}$/.test(requestId) ? requestId : undefined,
    contentType,
    contentEncoding,
    contentLength,
    hasBody,
    expectsContinue: expect !== undefined,
    patienceMs: patience === undefined ? undefined : spanIn('x-spillway-patience-ms', patience),
    deadlineMs: deadline === undefined ? undefined : spanIn('x-spillway-deadline-ms', deadline),
    priority: priority === undefined ? undefined : oneOf('x-spillway-priority', priority, priorities),
    cloud: cloud === undefined ? undefined : oneOf('x-spillway-cloud', cloud, clouds),
    clamp: clamp === undefined ? undefined : oneOf('x-spillway-clamp', clamp, clouds),
  }
}

/** The values of the headers we read, in the order of `names`. */
function valuesIn(rawHeaders: readonly string[]): (string | undefined)[] {
  const values: (string | undefined)[] = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase()
    const place = places.get(name)
    if (place === undefined) {
      // To some servers `X_Api_Key` and `X-Api-Key` are one header, to others two.
      if (name.includes('_') && places.has(name.replaceAll('_', '-')))
        throw odd(`A header is called ${name.replaceAll('_', '-')} here, without underscores.`)
      continue
    }
    if (values[place] !== undefined) throw odd(`The header ${name} came twice.`)
    values[place] = textOf(rawHeaders[at + 1]!, name)
  }
  return values
}

/** Bytes beyond ASCII arrive as Latin-1. A key may have such letters, in UTF-8; elsewhere they mean nothing good. */
function textOf(value: string, name: string): string {
  if (/^[\t\x20-\x7e]*$/.test(value)) return value
  const bytes = Buffer.from(value, 'latin1')
  if (!keyHeaders.has(name) || !isUtf8(bytes)) throw odd(`The header ${name} has bytes that are no plain text.`)
  return bytes.toString('utf8')
}

function checkTransfer(transfer: string, httpVersion: string): void {
  if (httpVersion === '1.0') throw odd('HTTP 1.0 knows no Transfer-Encoding.')
  if (transfer.trim().toLowerCase() !== 'chunked') throw odd('The only Transfer-Encoding is chunked.')
}

/** A key in an address ends up in the logs of whatever it passes. The right one is not taken there either. */
function checkQuery(query: string): void {
  if (/(?:^|&)(?:(?:x-)?api[-_]?key|key|access[-_]token|token)=/i.test(query))
    throw new Fault('unauthorized', 'A key has no place in the address; send it as "Authorization: Bearer KEY".')
}

/** A key, from any of its headers. One of another scheme is no key of ours, which is not for here to tell. */
function credentialIn(
  authorization: string | undefined,
  apiKey: string | undefined,
  azureKey: string | undefined,
): string | undefined {
  return oneOfBoth(oneOfBoth(authorization?.replace(/^Bearer(?:\s+|$)/i, ''), apiKey), azureKey)
}

function oneOfBoth(one: string | undefined, other: string | undefined): string | undefined {
  const [key, same] = [one?.trim() || undefined, other?.trim() || undefined]
  if (key !== undefined && same !== undefined && key !== same) {
    throw new Fault('unauthorized', 'Two different keys came with this request; send one.')
  }
  return key ?? same
}

function spanIn(name: string, text: string): number {
  const ms = readDuration(text)
  if (ms === undefined) throw odd(`The header ${name} has to be a number of milliseconds.`)
  return Math.min(ms, patienceMaxMs)
}

function oneOf<Word extends string>(name: string, text: string, words: readonly Word[]): Word {
  const word = words.find((one) => one === text.trim().toLowerCase())
  if (word === undefined) throw odd(`The header ${name} has to be one of: ${words.join(', ')}.`)
  return word
}

const odd = (message: string): Fault => new Fault('bad-request', message)
