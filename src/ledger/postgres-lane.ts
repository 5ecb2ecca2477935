import type { Pool, PoolClient } from 'pg'
import type { BooksFault } from './books.ts'
import { type Bounds, loadDriver, poolConfig } from './postgres-driver.ts'
import { faultOf, serverOf } from './postgres-faults.ts'
import { Session } from './postgres-session.ts'

interface LaneOptions {
  readonly url: string
  readonly now: () => number
  /** Connections at once, at most. */
  readonly most: number
  readonly bounds: Bounds
}

/** After an attempt to connect that failed, nobody tries again for so long; then twice as long, and so on. */
const restMs = { first: 25, most: 500 }

/** Connections for one kind of work. They are made when they are needed, for ever: there is no state in which nobody tries any more. */
export class Lane {
  readonly #options: LaneOptions
  readonly #server: string
  #pool: Promise<Pool> | undefined
  #restMs = 0
  #restsUntil = -Infinity
  #refusal: BooksFault | undefined

  constructor(options: LaneOptions) {
    this.#options = options
    this.#server = serverOf(options.url)
  }

  /** Lends a connection. What was begun on it when something goes wrong is undone. Rejects with a BooksFault. */
  async use<T>(task: (session: Session) => Promise<T>): Promise<T> {
    const session = new Session(await this.#connected())
    try {
      return await task(session)
    } catch (error) {
      const fault = faultOf(error, this.#server)
      await session.undoAfter(fault)
      throw fault
    } finally {
      session.release()
    }
  }

  async close(): Promise<void> {
    const pool = await this.#pool
    this.#pool = undefined
    await pool?.end()
  }

  async #connected(): Promise<PoolClient> {
    const { now } = this.#options
    if (this.#refusal !== undefined && now() < this.#restsUntil) throw this.#refusal
    try {
      const pool = await (this.#pool ??= this.#open())
      const client = await pool.connect()
      this.#restMs = 0
      return client
    } catch (error) {
      this.#refusal = faultOf(error, this.#server)
      this.#restMs = Math.min(restMs.most, Math.max(restMs.first, this.#restMs * 2))
      this.#restsUntil = now() + this.#restMs
      throw this.#refusal
    }
  }

  async #open(): Promise<Pool> {
    const { url, most, bounds } = this.#options
    try {
      const { Pool } = await loadDriver()
      const pool = new Pool(poolConfig(url, most, bounds))
      // Who uses a connection hears of its end by what it asked; one that is idle is just not there any more.
      pool.on('error', ignore)
      pool.on('connect', (client) => client.on('error', ignore))
      return pool
    } catch (error) {
      this.#pool = undefined
      throw error
    }
  }
}

function ignore(): void {}
