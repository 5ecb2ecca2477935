import { Pool, errors, type Dispatcher } from 'undici'
import { NetFault, type Inbound, type Outbound } from '../core/world.ts'
import { Body, type Source } from './h1/body.ts'
import type { HttpClientOptions } from './h1/client.ts'
import { readOrigin } from './h1/origin.ts'
import { requestHead } from './h1/request.ts'
import type { Transport } from './transport.ts'

type Controller = Dispatcher.DispatchController
type Fields = Readonly<Record<string, string | string[] | undefined>>

const usualConnectMs = 5_000

/** The same service over undici: a second opinion on what HTTP is, for whoever trusts it more than ours. */
export class UndiciTransport implements Transport {
  #options: HttpClientOptions
  readonly #pools = new Map<string, Pool>()
  #closed = false

  constructor(options: HttpClientOptions = {}) {
    this.#options = options
  }

  send(out: Outbound): Promise<Inbound> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new NetFault('aborted', 'The client is closed.', { unsent: true })
      if (out.signal?.aborted) throw new NetFault('aborted', 'The request was called off.', { unsent: true })
      const pool = this.#pools.get(out.origin) ?? this.#open(out.origin)
      // Refuses what our own client refuses.
      requestHead(out, out.origin)
      const headers = ['accept-encoding', 'identity']
      for (const [name, value] of out.headers) headers.push(name, value)
      const { method, path, body } = out
      pool.dispatch({ method, path, headers, body: body ?? null }, new Handler(out.signal, resolve, reject))
    })
  }

  get connectMs(): number {
    return this.#options.connectMs ?? usualConnectMs
  }

  set connectMs(connectMs: number) {
    if (connectMs === this.connectMs) return
    this.#options = { ...this.#options, connectMs }
    // A pool keeps what it began with: those there are end with what runs in them.
    for (const pool of this.#pools.values()) void pool.close()
    this.#pools.clear()
  }

  async close(): Promise<void> {
    this.#closed = true
    const fault = new NetFault('aborted', 'The client was closed.')
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy(fault)))
  }

  #open(origin: string): Pool {
    readOrigin(origin)
    const pool = new Pool(origin, poolOptions(this.#options))
    this.#pools.set(origin, pool)
    return pool
  }
}

/** How its pools are set. */
export function poolOptions({ connectMs = usualConnectMs, idleMs = 4_000, ca }: HttpClientOptions): Pool.Options {
  return {
    connect: { timeout: connectMs, ...(ca === undefined ? {} : { ca }) },
    connections: null,
    pipelining: 1,
    allowH2: false,
    // A model may think for longer than five minutes; our own clocks tell when it is too long.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: idleMs,
    keepAliveMaxTimeout: idleMs,
    maxHeaderSize: 32 * 1024,
  }
}

class Handler implements Dispatcher.DispatchHandler, Source {
  readonly #signal: AbortSignal | undefined
  readonly #resolve: (inbound: Inbound) => void
  readonly #reject: (fault: NetFault) => void
  #controller: Controller | undefined
  #body: Body | undefined
  #sent = false
  #over = false

  constructor(signal: AbortSignal | undefined, resolve: (inbound: Inbound) => void, reject: (fault: NetFault) => void) {
    this.#signal = signal
    this.#resolve = resolve
    this.#reject = reject
    signal?.addEventListener('abort', this)
  }

  onRequestStart(controller: Controller): void {
    if (this.#over) {
      controller.abort(new NetFault('aborted', 'The request was called off.', { unsent: true }))
      return
    }
    this.#controller = controller
    this.#sent = true
  }

  onResponseStart(_controller: Controller, status: number, fields: Fields): void {
    if (this.#over || status < 200) return
    this.#body = new Body(this)
    this.#resolve({ status, headers: joined(fields), body: this.#body })
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#over) return
    if (!this.#body!.push(chunk)) controller.pause()
  }

  onResponseEnd(): void {
    if (this.#over) return
    this.#finish()
    this.#body!.close()
  }

  onResponseError(_controller: Controller, error: Error): void {
    if (this.#over) return
    this.#finish()
    const fault = faultOf(error, !this.#sent)
    if (this.#body === undefined) this.#reject(fault)
    else this.#body.close(fault)
  }

  /** The signal fired. */
  handleEvent(): void {
    this.#finish()
    const fault = new NetFault('aborted', 'The request was called off.', { unsent: !this.#sent })
    if (this.#body === undefined) this.#reject(fault)
    else this.#body.abort(fault)
    this.#controller?.abort(fault)
  }

  resume(): void {
    this.#controller!.resume()
  }

  drop(): void {
    this.#finish()
    this.#body!.close()
    this.#controller!.abort(new NetFault('aborted', 'The rest of the answer was not wanted.'))
  }

  #finish(): void {
    this.#over = true
    this.#signal?.removeEventListener('abort', this)
  }
}

function joined(fields: Fields): Readonly<Record<string, string>> {
  const headers: Record<string, string> = Object.create(null)
  for (const name in fields) {
    const value = fields[name]
    if (value === undefined) continue
    // It leaves the blanks behind a value standing.
    headers[name] = typeof value === 'string' ? value.replace(/[ \t]+$/, '') : value.join(', ')
  }
  return headers
}

function faultOf(error: Error & { code?: string }, unsent: boolean): NetFault {
  if (error instanceof NetFault) return error
  const details = { cause: error, unsent }
  const { message } = error
  switch (error.code) {
    case 'ECONNREFUSED':
      return new NetFault('refused', 'Nobody listens there.', details)
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
      return new NetFault('timeout', 'No connection in time.', details)
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return new NetFault('reset', `The connection broke: ${message}`, details)
    // What undici calls a parse error is sometimes only a connection that ended too early.
    case 'HPE_INVALID_EOF_STATE':
      return new NetFault('reset', 'The server closed the connection too early.', details)
  }
  if (error instanceof errors.HTTPParserError || error.code?.startsWith('UND_ERR_') || error.code?.startsWith('HPE_')) {
    return new NetFault('framing', `What the server sent is not HTTP: ${message}`, details)
  }
  return new NetFault(unsent ? 'unreachable' : 'reset', message, details)
}
