import type * as Driver from 'pg'
import type { PoolConfig } from 'pg'
import { BooksFault } from './books.ts'

/** The package that speaks to PostgreSQL. Only who keeps the ledger there needs it, so it is not installed with the gateway. */
export async function loadDriver(): Promise<typeof Driver> {
  try {
    return await import('pg')
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw new BooksFault('gone', 'The package that speaks to PostgreSQL is not installed. Run: npm install pg', {
      cause,
    })
  }
}

/** Numbers are whole and safe, whatever the column's type: sums of `bigint` come as `numeric`. */
function wholeNumber(text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number)) return number
  throw new RangeError('PostgreSQL answered with a number that is not whole or too large to be counted with.')
}

const wholeTypes: ReadonlySet<number> = new Set([20, 21, 23, 1700])

const plain = (text: string): string => text

/** What PostgreSQL sends as one of these is a number, and all else a text. */
const types = { getTypeParser: (oid: number) => (wholeTypes.has(oid) ? wholeNumber : plain) } as PoolConfig['types']

/** Until a connection stands. */
const connectMs = 2_000

export interface Bounds {
  /** Of one statement, when it is cut off by the server. */
  readonly statementMs: number
  /** Between two statements of one transaction: a process that stands still keeps the others waiting no longer. */
  readonly pauseMs: number
  /** How much later we hang up ourselves, on a server that does not even cut off. */
  readonly graceMs: number
}

/** How connections are made. The server ends what takes too long, so that nothing stays locked. */
export function poolConfig(url: string, max: number, { statementMs, pauseMs, graceMs }: Bounds): PoolConfig {
  return {
    connectionString: url,
    max,
    types,
    fallback_application_name: 'spillway',
    connectionTimeoutMillis: connectMs,
    statement_timeout: statementMs,
    idle_in_transaction_session_timeout: pauseMs,
    query_timeout: statementMs + graceMs,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
}
