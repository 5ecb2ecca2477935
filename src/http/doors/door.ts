import type { Caller } from '../../core/ask.ts'
import type { Json } from '../../core/json.ts'
import type { Gateway } from '../../gateway.ts'

/** A question about the fleet rather than for a model: answered by the gateway itself. */
export interface FleetDoor {
  readonly method: 'GET' | 'POST'
  /** Anybody may ask, key or not: clients do so to see whether anybody is home. */
  readonly open?: true
  /** Exact, or a beginning when it ends in a slash. */
  readonly path: string
  /** Text, or an object that becomes JSON. */
  answer(question: Question): string | Json | Promise<Json>
}

export interface Question {
  readonly gateway: Gateway
  readonly caller: Caller
  /** What stands behind a path that ends in a slash, decoded. */
  readonly rest: string
  readonly query: URLSearchParams
  readonly body: Json
  /** A header by its name in small letters. */
  header(name: string): string | undefined
  /** Fires when whoever asks is gone. */
  readonly signal: AbortSignal
}
