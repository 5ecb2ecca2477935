const quote = 0x22
const comma = 0x2c
const colon = 0x3a
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d

/**
 * Walks the top level of a JSON object in its bytes, member by member, without making anything of them. It trusts the
 * bytes to be JSON: of anything else it may see less, but it never leaves the range it was given.
 */
export class Members {
  /** Where the current member stands: from the quote of its key to behind its value. */
  keyStart = 0
  keyEnd = 0
  valueStart = 0
  valueEnd = 0
  #bytes: Uint8Array
  #end: number
  #at: number

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = bytes
    this.#end = end
    const open = skipBlanks(bytes, start, end)
    this.#at = bytes[open] === openBrace && open < end ? open + 1 : end
  }

  next(): boolean {
    const bytes = this.#bytes
    const end = this.#end
    let at = skipBlanks(bytes, this.#at, end)
    if (at < end && bytes[at] === comma) at = skipBlanks(bytes, at + 1, end)
    if (at >= end || bytes[at] !== quote) return false
    this.keyStart = at
    this.keyEnd = stringEnd(bytes, at, end)
    at = skipBlanks(bytes, this.keyEnd, end)
    if (at >= end || bytes[at] !== colon) return false
    this.valueStart = skipBlanks(bytes, at + 1, end)
    this.valueEnd = valueEnd(bytes, this.valueStart, end)
    this.#at = this.valueEnd
    return this.valueEnd > this.valueStart
  }

  /** Goes on to the member of this name, if there is one ahead. */
  find(key: string): boolean {
    while (this.next()) {
      if (this.#says(this.keyStart, this.keyEnd, key)) return true
    }
    return false
  }

  /** Whether the current value is this string. */
  valueIs(text: string): boolean {
    return this.#bytes[this.valueStart] === quote && this.#says(this.valueStart, this.valueEnd, text)
  }

  /** The key as it is meant: `"mod\u0065l"` is `model`. */
  key(): string {
    return this.#string(this.keyStart, this.keyEnd)
  }

  /** Undefined for what is not JSON after all. */
  value(): unknown {
    return parsed(this.#text(this.valueStart, this.valueEnd))
  }

  /** Whether the string literal in this range means that text; most are told apart without decoding them. */
  #says(start: number, end: number, text: string): boolean {
    const bytes = this.#bytes
    const length = end - start - 2
    if (length < text.length) return false
    for (let at = 0; at < length; at += 1) {
      const byte = bytes[start + 1 + at]!
      if (byte === backslash || byte > 0x7f) return this.#string(start, end) === text
      if (byte !== text.charCodeAt(at)) return false
    }
    return length === text.length
  }

  #string(start: number, end: number): string {
    const written = this.#text(start + 1, end - 1)
    return written.includes('\\') ? String(parsed(`"${written}"`)) : written
  }

  #text(start: number, end: number): string {
    return asBuffer(this.#bytes).toString('utf8', start, end)
  }
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** The same memory with the faster methods. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function skipBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end) {
    const byte = bytes[at]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at
    at += 1
  }
  return at
}

/** Index behind the string that opens at `start`. */
function stringEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start + 1
  for (const near = Math.min(at + 16, end); at < near; at += 1) {
    const byte = bytes[at]
    if (byte === quote) return at + 1
    if (byte === backslash) at += 1
  }
  // A longer text, perhaps a picture of megabytes: jump from quote to quote.
  for (;;) {
    const found = bytes.indexOf(quote, at)
    if (found < 0 || found >= end) return end
    let slashes = 0
    while (bytes[found - 1 - slashes] === backslash) slashes += 1
    if (slashes % 2 === 0) return found + 1
    at = found + 1
  }
}

/** Index behind the value that begins at `start`. */
function valueEnd(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start]
  if (first === quote) return stringEnd(bytes, start, end)
  let at = start
  if (first !== openBrace && first !== openBracket) {
    for (; at < end; at += 1) {
      const byte = bytes[at]!
      if (byte === comma || byte === closeBrace || byte === closeBracket || byte <= 0x20) return at
    }
    return end
  }
  let depth = 0
  while (at < end) {
    const byte = bytes[at]
    if (byte === quote) {
      at = stringEnd(bytes, at, end)
      continue
    }
    at += 1
    if (byte === openBrace || byte === openBracket) depth += 1
    else if (byte === closeBrace || byte === closeBracket) {
      depth -= 1
      if (depth === 0) return at
    }
  }
  return end
}
