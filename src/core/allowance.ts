/** How much a caller may ask. What is undefined has no limit. */
export interface Limits {
  readonly requestsPerMinute?: number | undefined
  /** Prompt and answer together. */
  readonly tokensPerMinute?: number | undefined
  readonly concurrent?: number | undefined
}

/** Where a caller stands with one of its limits. */
export interface Allowance {
  /** A minute's worth, which is also the most at once. */
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
