/** Everything the gateway cannot compute for itself: time, chance and the network. */
export interface World {
  /** Milliseconds that only go forward. */
  now(): number
  /** Milliseconds since 1970, for what people and wire formats call a date. */
  epochMs(): number
  /**
   * Resolves after `ms`, or at once when `signal` aborts; it never rejects. For one who only looks now and then whether there
   * is something to do: where time leaps it sleeps on, `ms` at a time, for as long as `nothingYet` says so.
   */
  sleep(ms: number, signal?: AbortSignal, nothingYet?: () => boolean): Promise<void>
  /** At least 0, below 1. */
  random(): number
  /** Resolves with the head of the answer; rejects with a NetFault when none comes. */
  send(out: Outbound): Promise<Inbound>
}

/**
 * The date, as long as one answer takes: right when it begins, and by a clock that only goes forward from then on. What is
 * told of an answer's length then holds also where somebody sets the clock meanwhile.
 */
export function steadyDate(world: Pick<World, 'now' | 'epochMs'>): () => number {
  const since = world.epochMs() - world.now()
  return () => since + world.now()
}

/** One HTTP request to an upstream. Host, Content-Length and the connection are the transport's business. */
export interface Outbound {
  readonly method: 'GET' | 'POST' | 'DELETE' | 'HEAD'
  /** `http://127.0.0.1:11434`: scheme, host and port, nothing more. */
  readonly origin: string
  /** Path and query, beginning with a slash. */
  readonly path: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array | undefined
  /** Firing it closes the connection at once, whatever phase the exchange is in. */
  readonly signal: AbortSignal | undefined
}

export interface Inbound {
  readonly status: number
  /** Names in lower case; of a name that came twice, the values joined by a comma. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * The decoded body. It can be read once. Ending the iteration early closes the connection.
   * It throws a NetFault when the transfer breaks: a body that just ends was whole, as far as HTTP can tell.
   */
  readonly body: AsyncIterable<Uint8Array>
}

/**
 * How an exchange with an upstream broke below HTTP.
 * `unsent` promises that no byte of the request can have been acted on; `silent` that no byte of an answer was seen.
 */
export type NetFaultKind = 'refused' | 'reset' | 'timeout' | 'framing' | 'aborted' | 'unreachable'

export class NetFault extends Error {
  readonly kind: NetFaultKind
  /** True when the request cannot have been acted on, so that sending it again is safe. */
  readonly unsent: boolean
  /** True when it came over a connection that had carried an answer before: its server may simply have tired of it. */
  readonly kept: boolean

  constructor(kind: NetFaultKind, message: string, options?: ErrorOptions & { unsent?: boolean; kept?: boolean }) {
    super(message, options)
    this.name = 'NetFault'
    this.kind = kind
    this.unsent = options?.unsent ?? false
    this.kept = options?.kept ?? false
  }
}
