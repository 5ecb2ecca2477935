import { Addresses, type Resolve } from './addresses.ts'
import { Connection, type Owner } from './connection.ts'
import type { Exchange } from './exchange.ts'
import type { Origin } from './origin.ts'

export interface PoolOptions {
  readonly connectMs: number
  readonly idleMs: number
  readonly idleMax: number
  readonly ca: string | undefined
  readonly resolve?: Resolve | undefined
}

/** We hang up this much before the server would: between its decision and our noticing lies a request lost. */
const marginMs = 1_000

/**
 * The connections to one server. As many as there are exchanges at once: how many that may be is the scheduler's to say.
 *
 * A connection whose answer has just ended rests until the event loop has polled its socket once more. What a server
 * sends behind the end of its answer, or its hanging up, is seen then, and cannot be taken for the answer to the next
 * request. An exchange that comes meanwhile waits for it rather than opening another connection: some servers
 * keep a thread for each.
 */
export class Pool implements Owner {
  readonly origin: Origin
  readonly addresses: Addresses
  connectMs: number
  readonly ca: string | undefined
  session: Buffer | undefined
  readonly #options: PoolOptions
  readonly #all = new Set<Connection>()
  /** Most recently used last, and used first: the others may grow old. */
  readonly #idle: Connection[] = []
  #resting: Connection[] = []
  #rested: Connection[] = []
  readonly #waiting: Exchange[] = []
  #turning = false

  constructor(origin: Origin, options: PoolOptions) {
    this.origin = origin
    this.addresses = new Addresses(origin.host, options.resolve)
    this.connectMs = options.connectMs
    this.ca = options.ca
    this.#options = options
  }

  get open(): number {
    return this.#all.size
  }

  start(exchange: Exchange): void {
    const connection = this.#takeIdle()
    if (connection !== undefined) connection.start(exchange)
    else if (this.#resting.length + this.#rested.length > this.#waiting.length) this.#waiting.push(exchange)
    else this.#connect(exchange)
  }

  again(exchange: Exchange): void {
    this.#connect(exchange)
  }

  rest(connection: Connection, keepAliveMs: number | undefined): void {
    const { idleMs } = this.#options
    const restMs = keepAliveMs === undefined ? idleMs : Math.min(idleMs, keepAliveMs - marginMs)
    if (restMs <= 0) {
      connection.destroy()
      return
    }
    connection.restsUntil = performance.now() + restMs
    this.#resting.push(connection)
    if (this.#turning) return
    this.#turning = true
    setImmediate(this.#turn)
  }

  gone(connection: Connection): void {
    this.#all.delete(connection)
  }

  mistrust(): void {
    const idle = this.#idle.splice(0)
    for (const connection of idle) connection.destroy()
  }

  /** Closes what has rested too long. */
  sweep(now: number): void {
    const idle = this.#idle
    let kept = 0
    for (const connection of idle) {
      if (connection.dead) continue
      if (connection.restsUntil <= now) connection.destroy()
      else idle[kept++] = connection
    }
    idle.length = kept
  }

  /** Ends every exchange, and every connection. */
  destroy(): void {
    const reason = 'The client was closed.'
    for (const exchange of this.#waiting) exchange.abort(reason)
    for (const connection of this.#all) {
      connection.exchange?.abort(reason)
      connection.destroy()
    }
  }

  // The first turn ends within the poll that brought the answer; only the second one has a poll of its own behind it.
  readonly #turn = (): void => {
    const { idleMax } = this.#options
    const rested = this.#rested
    for (const connection of rested) {
      if (connection.dead) continue
      const exchange = this.#nextWaiting()
      if (exchange !== undefined) connection.start(exchange)
      else if (this.#idle.length < idleMax) this.#idle.push(connection)
      else connection.destroy()
    }
    rested.length = 0
    this.#rested = this.#resting
    this.#resting = rested
    // What a connection died under that someone waited for.
    while (this.#waiting.length > this.#rested.length) {
      const exchange = this.#nextWaiting()
      if (exchange !== undefined) this.#connect(exchange)
    }
    this.#turning = this.#rested.length > 0
    if (this.#turning) setImmediate(this.#turn)
  }

  #takeIdle(): Connection | undefined {
    const now = performance.now()
    for (;;) {
      const connection = this.#idle.pop()
      if (connection === undefined) return undefined
      if (connection.dead) continue
      if (connection.restsUntil > now) return connection
      connection.destroy()
    }
  }

  #nextWaiting(): Exchange | undefined {
    for (;;) {
      const exchange = this.#waiting.shift()
      if (exchange === undefined || !exchange.over) return exchange
    }
  }

  #connect(exchange: Exchange): void {
    this.#all.add(new Connection(this, exchange))
  }
}
