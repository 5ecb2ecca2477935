import { NetFault, type Inbound, type Outbound } from '../../core/world.ts'
import type { Resolve } from './addresses.ts'
import { Exchange } from './exchange.ts'
import { readOrigin } from './origin.ts'
import { Pool, type PoolOptions } from './pool.ts'
import { requestHead } from './request.ts'

export interface HttpClientOptions {
  /** From the first packet to an open connection, TLS included. */
  readonly connectMs?: number | undefined
  /** How long a connection may wait for its next request. Servers give up after 5 s, so this must stay below it. */
  readonly idleMs?: number | undefined
  /** Connections to one server that may wait like that. */
  readonly idleMax?: number | undefined
  /** Certificates to trust in place of the well-known ones, in PEM. */
  readonly ca?: string | undefined
  /** What the names of servers mean, where the system is not to say. */
  readonly resolve?: Resolve | undefined
}

const sweepEveryMs = 500

/**
 * HTTP/1.1 towards model servers and nothing more: no redirects, no cookies, no compression, no pipelining. Written by
 * hand because it is most of what a request costs here, and strict because what it misreads one caller gets of another.
 */
export class HttpClient {
  #options: PoolOptions
  readonly #pools = new Map<string, Pool>()
  #sweeper: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: HttpClientOptions = {}) {
    this.#options = {
      connectMs: options.connectMs ?? 5_000,
      idleMs: options.idleMs ?? 4_000,
      idleMax: options.idleMax ?? 512,
      ca: options.ca,
      resolve: options.resolve,
    }
  }

  /** Resolves with the head of the answer; rejects with a NetFault when none comes, and with a TypeError for what cannot be sent. */
  send(out: Outbound): Promise<Inbound> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new NetFault('aborted', 'The client is closed.', { unsent: true })
      if (out.signal?.aborted) throw new NetFault('aborted', 'The request was called off.', { unsent: true })
      const pool = this.#pools.get(out.origin) ?? this.#open(out.origin)
      const head = requestHead(out, pool.origin.authority)
      pool.start(new Exchange(out, head, resolve, reject))
    })
  }

  get connectMs(): number {
    return this.#options.connectMs
  }

  set connectMs(connectMs: number) {
    this.#options = { ...this.#options, connectMs }
    for (const pool of this.#pools.values()) pool.connectMs = connectMs
  }

  /** Connections open now, over all servers. */
  get open(): number {
    let open = 0
    for (const pool of this.#pools.values()) open += pool.open
    return open
  }

  /** Cuts every connection, also those in use. */
  close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#sweeper)
    for (const pool of this.#pools.values()) pool.destroy()
    return Promise.resolve()
  }

  #open(origin: string): Pool {
    const pool = new Pool(readOrigin(origin), this.#options)
    this.#pools.set(origin, pool)
    this.#sweeper ??= setInterval(this.#sweep, sweepEveryMs).unref()
    return pool
  }

  readonly #sweep = (): void => {
    const now = performance.now()
    for (const pool of this.#pools.values()) pool.sweep(now)
  }
}
