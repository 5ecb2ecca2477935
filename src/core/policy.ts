import type { Ask } from './ask.ts'

/** Plain numbers about one upstream that could serve an ask now. */
export interface Candidate {
  readonly upstream: string
  readonly tier: number
  readonly inFlight: number
  /** Places it has for this model. */
  readonly limit: number
  /** Predicted time to a first token if it began now. */
  readonly firstTokenMs: number
  readonly loaded: boolean | undefined
  /** What it costs that another model may have to go for this one: the time that others will wait for it. */
  readonly evictionMs: number
  /** Of the prompt, what is believed to be in the server's memory; the time to a first token is without it. */
  readonly cachedTokens: number
  /** What it would have in flight if all that could serve were equally full. */
  readonly fairInFlight: number
}

/** How good a place is for an ask: the lower, the better. Pure, so it is tested with a table and replayed by the simulator. */
export type Policy = (ask: Ask, candidate: Candidate) => number
