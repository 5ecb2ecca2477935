/** How much a caller may ask. What is undefined has no limit. */
export interface Limits {
  readonly requestsPerMinute?: number | undefined
  /** Prompt and answer together. */
  readonly tokensPerMinute?: number | undefined
  readonly concurrent?: number | undefined
  /** So much of either may come at once as flows back in this time; undefined for a minute. */
  readonly burstMs?: number | undefined
}

/** Where a caller stands with one of its limits. */
export interface Allowance {
  /** The most at once: a minute's worth, where nothing else is set. */
  readonly limit: number
  readonly remaining: number
  /** Until all of it is there again, if nothing more is asked. */
  readonly resetMs: number
  /** When that is, in milliseconds since 1970. */
  readonly resetEpochMs: number
}

/** Of the limits that a caller has. */
export interface Allowances {
  readonly requests?: Allowance | undefined
  readonly tokens?: Allowance | undefined
}
