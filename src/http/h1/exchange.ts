import { NetFault, type Inbound, type Outbound } from '../../core/world.ts'
import { Body, type Source } from './body.ts'
import { decoderFor, type Decoder } from './decoder.ts'
import { framing } from './framing.ts'
import { headEnd, headMaxBytes, readHead, type Head } from './head.ts'

/** What an exchange travels on: a connection, as far as an exchange knows of it. */
export interface Carrier {
  exchange: Exchange | undefined
  resume(): void
  /** The answer was read to its last byte, and nothing came behind it. */
  rest(keepAliveMs: number | undefined): void
  destroy(): void
}

class Answer implements Inbound {
  readonly status: number
  readonly body: Body
  readonly #head: Head

  constructor(head: Head, body: Body) {
    this.status = head.status
    this.body = body
    this.#head = head
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#head.headers
  }
}

/**
 * One request and its answer, from the call of `send` to the last byte of the body. It knows how far the answer has
 * come; which socket it comes over is the connection's business, and may change as long as nothing was sent.
 */
export class Exchange implements Source {
  readonly method: string
  /** Text before the body, written and checked before a connection is looked for. */
  readonly head: string
  /** Dropped as soon as it is sent: a stream lives long after its request. */
  body: Uint8Array | undefined
  /** The whole request is with the kernel: it may be acted on from now on. */
  sent = false
  /** It changes nothing on the server, so that sending it twice does no harm. */
  readonly repeatable: boolean
  /** The connection under way with it. */
  connection: Carrier | undefined
  /** A byte of an answer has come. */
  answered = false
  over = false
  #resolve: ((answer: Inbound) => void) | undefined
  #reject: ((fault: unknown) => void) | undefined
  readonly #signal: AbortSignal | undefined
  #partialHead: PartialHead | undefined
  #headBytes = 0
  #head: Head | undefined
  #decoder: Decoder | undefined
  #body: Body | undefined

  constructor(out: Outbound, head: string, resolve: (answer: Inbound) => void, reject: (fault: unknown) => void) {
    this.method = out.method
    this.head = head
    this.body = out.body
    this.repeatable = out.body === undefined && (out.method === 'GET' || out.method === 'HEAD')
    this.#resolve = resolve
    this.#reject = reject
    this.#signal = out.signal
    this.#signal?.addEventListener('abort', this)
  }

  /** Nobody can have acted on the request. */
  get unsent(): boolean {
    return !this.sent && !this.answered
  }

  markSent(): void {
    this.sent = true
    this.body = undefined
  }

  /**
   * Reads on in what the socket has put in `bytes[0, size)`, which is scratch and will be overwritten. False asks for
   * no more of it until `resume`. Throws a NetFault when the answer cannot be framed.
   */
  receive(bytes: Buffer, size: number): boolean {
    this.answered = true
    let at = 0
    if (this.#head === undefined) {
      at = this.#readHead(bytes, size)
      if (this.#head === undefined) return true
      if (this.#decoder === undefined) {
        this.#finish(at === size)
        return true
      }
      if (at === size) return true
    }
    const decoder = this.#decoder!
    decoder.decode(bytes, at, size)
    const { payloadFrom, payloadTo } = decoder
    let more = true
    if (payloadTo > payloadFrom) more = this.#body!.push(copied(bytes, payloadFrom, payloadTo))
    if (!decoder.done) return more
    this.#finish(decoder.usedTo === size)
    return true
  }

  /** The connection has ended as connections do. True when that makes the answer whole. */
  ended(): boolean {
    if (this.#head?.bodyKind !== 'close') return false
    this.#over()
    this.#body!.close()
    return true
  }

  fail(fault: unknown): void {
    if (this.over) return
    this.#over()
    if (this.#body !== undefined) this.#body.close(fault as NetFault)
    else this.#reject!(fault)
  }

  /** Ends it in whatever phase it is, and its connection with it. */
  abort(reason: string): void {
    if (this.over) return
    const { connection, unsent } = this
    this.#over()
    const fault = new NetFault('aborted', reason, { unsent })
    if (this.#body !== undefined) this.#body.abort(fault)
    else this.#reject!(fault)
    connection?.destroy()
  }

  /** The signal fired. */
  handleEvent(): void {
    this.abort('The request was called off.')
  }

  resume(): void {
    this.connection!.resume()
  }

  /** The reader wants no more: the rest of the answer stands between this connection and any other use of it. */
  drop(): void {
    const { connection } = this
    this.#over()
    this.#body!.close()
    connection!.destroy()
  }

  #readHead(bytes: Buffer, size: number): number {
    let from = 0
    for (;;) {
      const partial = this.#partialHead
      const all = partial === undefined ? bytes : partial.add(bytes, from, size)
      const start = partial === undefined ? from : 0
      const stop = partial === undefined ? size : partial.size
      const end = headEnd(all, start, partial === undefined ? from : partial.seen, stop)
      this.#checkSize((end === -1 ? stop : end) - start)
      if (end === -1) {
        if (partial === undefined) {
          if (stop > start) this.#partialHead = new PartialHead(bytes, start, stop)
        } else partial.seen = stop
        return size
      }
      const next = size - (stop - end)
      this.#partialHead = undefined
      const head = readHead(all.toString('latin1', start, end), this.method)
      if (head.status >= 200) {
        this.#begin(head)
        return next
      }
      if (head.status === 101) throw framing('The server switched protocols, which nobody asked for.')
      this.#headBytes += end - start
      from = next
    }
  }

  #checkSize(headBytes: number): void {
    if (this.#headBytes + headBytes > headMaxBytes) throw framing(`The head is larger than ${headMaxBytes} bytes.`)
  }

  #begin(head: Head): void {
    this.#head = head
    this.#decoder = decoderFor(head)
    this.#body = new Body(this)
    this.#resolve!(new Answer(head, this.#body))
    this.#resolve = undefined
    this.#reject = undefined
  }

  #finish(clean: boolean): void {
    const { connection } = this
    const head = this.#head!
    this.#over()
    this.#body!.close()
    if (clean && head.reusable) connection!.rest(head.keepAliveMs)
    else connection!.destroy()
  }

  #over(): void {
    this.over = true
    if (this.connection !== undefined) this.connection.exchange = undefined
    this.connection = undefined
    this.#signal?.removeEventListener('abort', this)
  }
}

/** A head that came in pieces. Grows by doubling, so that one sent byte by byte costs no more than its length. */
class PartialHead {
  size: number
  /** Up to here it has been searched for its end. */
  seen: number
  #bytes: Buffer

  constructor(bytes: Buffer, from: number, to: number) {
    this.size = to - from
    this.seen = this.size
    this.#bytes = Buffer.allocUnsafe(Math.max(512, this.size * 2))
    bytes.copy(this.#bytes, 0, from, to)
  }

  add(bytes: Buffer, from: number, to: number): Buffer {
    const size = this.size + to - from
    if (size > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(size * 2)
      this.#bytes.copy(grown, 0, 0, this.size)
      this.#bytes = grown
    }
    bytes.copy(this.#bytes, this.size, from, to)
    this.size = size
    return this.#bytes
  }
}

function copied(bytes: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.allocUnsafe(to - from)
  bytes.copy(copy, 0, from, to)
  return copy
}
