const quote = 0x22
const comma = 0x2c
const colon = 0x3a
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/** How large a JSON text is once it is parsed, told from its bytes. Of a text that is not JSON it tells something finite. */
export interface Outline {
  /** How deep it is nested: 1 for a flat object. One more than the maximum asked for stands for any more. */
  readonly depth: number
  /** Values in it, within a few. */
  readonly values: number
  /** Members of the outermost object, those counted twice that are there twice. */
  readonly members: number
}

export function outlineOf(bytes: Buffer, depthMax: number): Outline {
  let depth = 0
  let deepest = 0
  let values = 0
  let members = 0
  for (let at = 0; at < bytes.length; at += 1) {
    switch (bytes[at]) {
      case quote:
        at = stringEnd(bytes, at)
        break
      case colon:
        if (depth === 1) members += 1
        break
      case comma:
        values += 1
        break
      case openBrace:
      case openBracket:
        values += 1
        depth += 1
        if (depth > deepest) deepest = depth
        if (depth > depthMax) return { depth, values, members }
        break
      case closeBrace:
      case closeBracket:
        depth -= 1
    }
  }
  return { depth: deepest, values, members }
}

/** Where the string that opens at `start` has its closing quote. */
function stringEnd(bytes: Buffer, start: number): number {
  let at = start + 1
  for (const near = Math.min(at + 64, bytes.length); at < near; at += 1) {
    if (bytes[at] === quote) return at
    if (bytes[at] === backslash) at += 1
  }
  // A long text, or a picture of megabytes: from quote to quote.
  for (;;) {
    const found = bytes.indexOf(quote, at)
    if (found === -1) return bytes.length
    let slashes = 0
    // Not before `at`: what stands there was read as escaped already.
    while (found - 1 - slashes >= at && bytes[found - 1 - slashes] === backslash) slashes += 1
    if (slashes % 2 === 0) return found
    at = found + 1
  }
}
