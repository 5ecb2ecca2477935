/**
 * How an ask ended, as far as its server is concerned. Only 'overloaded' says that there were too many. 'broke' is the
 * server, which all its models need; 'failed' is the model there, and says nothing of the others. A caller who hung up
 * says nothing at all: 'ignored'.
 */
export type Ending = 'served' | 'overloaded' | 'broke' | 'failed' | 'ignored'

/** One ask that was sent. */
export interface Begun {
  /** What the server had to read. */
  readonly promptTokens: number
  /** Asks that held a place when it began, itself included. */
  readonly inFlight: number
  /** The model had to be loaded first. */
  readonly cold: boolean
  /** What `begun` told of it. */
  readonly toRead: number
  readonly startedAt: number
}

/** What one ask that has ended says about how full its server was. */
export interface Crowding extends Begun {
  readonly outputTokens: number
  /** From sending to the first token; undefined when nobody could tell. */
  readonly firstTokenMs: number | undefined
  readonly totalMs: number
  /** Asks that held a place while it was there, on average, itself included. */
  readonly batch: number
  readonly now: number
}
