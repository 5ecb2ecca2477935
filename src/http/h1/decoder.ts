import { framing } from './framing.ts'
import type { Head } from './head.ts'

/** A chunk extension longer than this, or trailers longer than that, only burn our time. */
const extensionMaxBytes = 1_024
const trailersMaxBytes = 16 * 1024
/** 13 hexadecimal digits still fit a number exactly. */
const sizeDigitsMax = 13

/**
 * Finds the payload in what a socket read. `decode` leaves it as one range of the same bytes, `[payloadFrom, payloadTo)`,
 * moving pieces together where chunk sizes stood between them: the bytes are the connection's scratch, and one copy of
 * one range is the cheapest way out of it.
 */
export interface Decoder {
  payloadFrom: number
  payloadTo: number
  /** The body is whole; what follows `usedTo` does not belong to it. */
  done: boolean
  usedTo: number
  decode(bytes: Uint8Array, from: number, to: number): void
}

export function decoderFor(head: Head): Decoder | undefined {
  switch (head.bodyKind) {
    case 'none':
      return undefined
    case 'length':
      return new LengthDecoder(head.length)
    case 'chunked':
      return new ChunkedDecoder()
    case 'close':
      return new LengthDecoder(Infinity)
  }
}

/** A body of so many bytes; of infinitely many when only the end of the connection ends it. */
class LengthDecoder implements Decoder {
  payloadFrom = 0
  payloadTo = 0
  usedTo = 0
  done = false
  #left: number

  constructor(length: number) {
    this.#left = length
  }

  decode(_bytes: Uint8Array, from: number, to: number): void {
    this.payloadFrom = from
    this.payloadTo = to - from > this.#left ? from + this.#left : to
    this.#left -= this.payloadTo - from
    this.usedTo = this.payloadTo
    this.done = this.#left === 0
  }
}

// What the next byte of a chunked body may be.
const sizeStart = 0
const sizeMore = 1
const extension = 2
const sizeFeed = 3
const payload = 4
const payloadReturn = 5
const payloadFeed = 6
const trailerStart = 7
const trailerMore = 8
const trailerFeed = 9
const lastFeed = 10

class ChunkedDecoder implements Decoder {
  payloadFrom = 0
  payloadTo = 0
  usedTo = 0
  done = false
  #expects: number = sizeStart
  /** Of the chunk at hand: its bytes still to come. */
  #left = 0
  /** Digits, or bytes of an extension or of the trailers, seen so far. */
  #seen = 0

  decode(bytes: Uint8Array, from: number, to: number): void {
    this.payloadFrom = from
    this.payloadTo = from
    let at = from
    while (at < to) {
      if (this.#expects === payload) at = this.#takePayload(bytes, at, to)
      else if (this.#expects >= trailerStart) {
        this.#trailerByte(bytes[at]!)
        at += 1
        if (this.done) break
      } else {
        this.#lineByte(bytes[at]!)
        at += 1
      }
    }
    this.usedTo = at
  }

  #takePayload(bytes: Uint8Array, at: number, to: number): number {
    const end = to - at > this.#left ? at + this.#left : to
    this.#left -= end - at
    if (this.payloadTo === this.payloadFrom) {
      this.payloadFrom = at
      this.payloadTo = end
    } else {
      bytes.copyWithin(this.payloadTo, at, end)
      this.payloadTo += end - at
    }
    if (this.#left === 0) this.#expects = payloadReturn
    return end
  }

  #lineByte(byte: number): void {
    switch (this.#expects) {
      case sizeStart:
      case sizeMore: {
        const digit = hexDigit(byte)
        if (digit !== -1) {
          if ((this.#seen += 1) > sizeDigitsMax) throw framing('A chunk size with too many digits.')
          this.#left = this.#left * 16 + digit
          this.#expects = sizeMore
          return
        }
        if (this.#expects === sizeStart) throw framing('A chunk without a size.')
        this.#seen = 0
        if (byte === cr) this.#expects = sizeFeed
        else if (byte === semicolon) this.#expects = extension
        else throw framing('A chunk size that is not hexadecimal.')
        return
      }
      case extension:
        if (byte === cr) {
          this.#seen = 0
          this.#expects = sizeFeed
        } else this.#skip(byte, extensionMaxBytes)
        return
      case sizeFeed:
        expect(byte, lf)
        this.#expects = this.#left === 0 ? trailerStart : payload
        return
      case payloadReturn:
        expect(byte, cr)
        this.#expects = payloadFeed
        return
      default:
        expect(byte, lf)
        this.#expects = sizeStart
    }
  }

  /** Trailers are read to their end, and dropped: nobody downstream asks for any. */
  #trailerByte(byte: number): void {
    switch (this.#expects) {
      case trailerStart:
        if (byte === cr) this.#expects = lastFeed
        else {
          if (byte === space || byte === tab || byte === colon) throw framing('A trailer without a name.')
          this.#skip(byte, trailersMaxBytes)
          this.#expects = trailerMore
        }
        return
      case trailerMore:
        if (byte === cr) this.#expects = trailerFeed
        else this.#skip(byte, trailersMaxBytes)
        return
      case trailerFeed:
        expect(byte, lf)
        this.#expects = trailerStart
        return
      default:
        expect(byte, lf)
        this.done = true
    }
  }

  #skip(byte: number, maxBytes: number): void {
    if ((byte < space && byte !== tab) || byte === del) throw framing('A control character in the chunked coding.')
    if ((this.#seen += 1) > maxBytes) throw framing('The chunked coding carries too much besides the body.')
  }
}

function expect(byte: number, wanted: number): void {
  if (byte !== wanted) throw framing('A line of the chunked coding ends without CR LF.')
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  const lower = byte | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

const tab = 9
const lf = 10
const cr = 13
const space = 32
const colon = 58
const semicolon = 59
const del = 127
