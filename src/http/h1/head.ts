import { framing } from './framing.ts'

/** A head longer than this is no answer of a model server; interim answers count towards it. */
export const headMaxBytes: number = 32 * 1024
const fieldsMax = 256

/**
 * How far the body reaches. `none` and `length` are known at once, `chunked` tells on the way, and `close` ends with the
 * connection, so that a broken one cannot be told from a whole one.
 */
export type BodyKind = 'none' | 'length' | 'chunked' | 'close'

/**
 * The head of an answer. Only what frames the body is read out of it; the fields become a record when somebody asks
 * for them, which on the way of a token stream nobody does.
 */
export class Head {
  readonly status: number
  readonly bodyKind: BodyKind
  readonly length: number
  /** The connection may carry another request once this answer has been read. */
  readonly reusable: boolean
  /** How long the server says it will wait for that request; undefined when it does not say. */
  readonly keepAliveMs: number | undefined
  readonly #text: string
  readonly #fieldsAt: number
  #headers: Readonly<Record<string, string>> | undefined

  constructor(text: string, fieldsAt: number, status: number, framed: Framed) {
    this.status = status
    this.bodyKind = framed.bodyKind
    this.length = framed.length
    this.reusable = framed.reusable
    this.keepAliveMs = framed.keepAliveMs
    this.#text = text
    this.#fieldsAt = fieldsAt
  }

  get headers(): Readonly<Record<string, string>> {
    return (this.#headers ??= readFields(this.#text, this.#fieldsAt))
  }
}

interface Framed {
  bodyKind: BodyKind
  length: number
  reusable: boolean
  keepAliveMs: number | undefined
}

/**
 * Index behind the empty line that ends the head in `bytes[start, end)`, or -1 while it has not come. It looks at each
 * byte once: the next call goes on from where this one had to stop. A line that ends in anything but CR LF is a fault
 * here already, so that a server that never sends the pair cannot keep us waiting for it.
 */
export function headEnd(bytes: Uint8Array, start: number, from: number, end: number): number {
  if (from >= end) return -1
  if (from === start && bytes[from] !== upperH) throw framing('The answer does not begin like HTTP.')
  if (from > start && bytes[from - 1] === cr && bytes[from] !== lf)
    throw framing('A carriage return within a line of the head.')
  for (let at = from; at < end; at += 1) {
    const byte = bytes[at]!
    if (byte >= space) {
      if (byte === del) throw framing('A control character in the head.')
      continue
    }
    if (byte === lf) {
      if (at === start || bytes[at - 1] !== cr) throw framing('A line of the head ends without a carriage return.')
      if (at - start >= 3 && bytes[at - 2] === lf) return at + 1
    } else if (byte === cr) {
      if (at + 1 < end && bytes[at + 1] !== lf) throw framing('A carriage return within a line of the head.')
    } else if (byte !== tab) {
      throw framing('A control character in the head.')
    }
  }
  return -1
}

/** The status of the head in `text`; strict about the version, kind about a missing reason. */
function readStatus(text: string): number {
  if (!text.startsWith('HTTP/1.') || (text[7] !== '1' && text[7] !== '0') || text[8] !== ' ') {
    throw framing('The answer is not HTTP/1.0 or HTTP/1.1.')
  }
  let status = 0
  for (let at = 9; at < 12; at += 1) {
    const digit = text.charCodeAt(at) - zero
    if (!(digit >= 0 && digit <= 9)) throw framing('The status is not a number of three digits.')
    status = status * 10 + digit
  }
  if (status < 100 || status > 599) throw framing(`There is no status ${status}.`)
  if (text[12] !== ' ' && text[12] !== '\r') throw framing('The status is not a number of three digits.')
  return status
}

/** Reads a whole head whose bytes `headEnd` has passed. Everything that two readers could frame differently is a fault. */
export function readHead(text: string, method: string): Head {
  const status = readStatus(text)
  const fieldsAt = text.indexOf('\r\n') + 2
  const fields = new FramingFields()
  let count = 0
  for (let at = fieldsAt; text.charCodeAt(at) !== cr;) {
    if ((count += 1) > fieldsMax) throw framing(`The answer has more than ${fieldsMax} header fields.`)
    const lineEnd = text.indexOf('\r\n', at)
    const nameEnd = skipName(text, at)
    if (text.charCodeAt(nameEnd) !== colon || nameEnd === at) throw framing('A header field without a proper name.')
    const length = nameEnd - at
    // Only these lengths can be a name that matters here: connection, keep-alive, content-length, transfer-encoding.
    if (length === 10 || length === 14 || length === 17) {
      fields.see(text.slice(at, nameEnd).toLowerCase(), text, nameEnd + 1, lineEnd)
    }
    at = lineEnd + 2
  }
  return new Head(text, fieldsAt, status, fields.settle(status, method, text[7] === '1'))
}

/** Gathers the few fields that say where the body ends and what becomes of the connection. */
class FramingFields {
  #length = -1
  #chunked = false
  #close = false
  #keepAliveMs: number | undefined

  see(name: string, text: string, from: number, to: number): void {
    if (name === 'content-length') {
      const value = trimmed(text, from, to)
      if (this.#length !== -1) throw framing('More than one Content-Length.')
      if (!/^\d{1,15}$/.test(value)) throw framing('The Content-Length is not a plain number.')
      this.#length = Number(value)
    } else if (name === 'transfer-encoding') {
      if (this.#chunked) throw framing('More than one Transfer-Encoding.')
      if (trimmed(text, from, to).toLowerCase() !== 'chunked') throw framing('A transfer coding other than chunked.')
      this.#chunked = true
    } else if (name === 'connection') {
      if (/(?:^|[,\s])close(?:$|[,\s])/i.test(trimmed(text, from, to))) this.#close = true
    } else if (name === 'keep-alive') {
      const seconds = /(?:^|[,\s])timeout=(\d{1,6})(?:$|[,\s])/i.exec(trimmed(text, from, to))
      if (seconds !== null) this.#keepAliveMs = Number(seconds[1]) * 1_000
    }
  }

  settle(status: number, method: string, modern: boolean): Framed {
    const length = this.#length
    if (this.#chunked) {
      if (length !== -1) throw framing('Content-Length and Transfer-Encoding in one answer.')
      if (!modern) throw framing('A transfer coding in HTTP/1.0.')
    }
    const neverHas = status < 200 || status === 204
    if (neverHas && (this.#chunked || length > 0)) throw framing(`A body where a ${status} has none.`)
    const none = neverHas || status === 304 || method === 'HEAD'
    const bodyKind = none
      ? 'none'
      : this.#chunked
        ? 'chunked'
        : length === -1
          ? 'close'
          : length === 0
            ? 'none'
            : 'length'
    return {
      bodyKind,
      length: bodyKind === 'length' ? length : 0,
      reusable: modern && !this.#close,
      keepAliveMs: this.#keepAliveMs,
    }
  }
}

function readFields(text: string, fieldsAt: number): Readonly<Record<string, string>> {
  // Without a prototype a field named `constructor` is a field like any other.
  const headers: Record<string, string> = Object.create(null)
  for (let at = fieldsAt; text.charCodeAt(at) !== cr;) {
    const lineEnd = text.indexOf('\r\n', at)
    const nameEnd = text.indexOf(':', at)
    const name = text.slice(at, nameEnd).toLowerCase()
    const value = trimmed(text, nameEnd + 1, lineEnd)
    const before = headers[name]
    headers[name] = before === undefined ? value : `${before}, ${value}`
    at = lineEnd + 2
  }
  return headers
}

function skipName(text: string, from: number): number {
  let at = from
  while (isNameByte[text.charCodeAt(at)] === 1) at += 1
  return at
}

function trimmed(text: string, from: number, to: number): string {
  let start = from
  let end = to
  while (start < end && isBlank(text.charCodeAt(start))) start += 1
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}

const isBlank = (code: number): boolean => code === space || code === tab

const tab = 9
const lf = 10
const cr = 13
const space = 32
const zero = 48
const colon = 58
const upperH = 72
const del = 127

const isNameByte = new Uint8Array(256)
for (const char of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  isNameByte[char.charCodeAt(0)] = 1
}
