/** Spans of the calendar, in the configured time zone. Weeks begin on Monday. */
export type Span = 'hour' | 'day' | 'week' | 'month'

/** How much may be used up in each span. What is undefined has no bound; at least one of them is set. */
export interface Budget {
  readonly per: Span
  /** What may be spent in the cloud, in billionths of a dollar. */
  readonly nano?: number | undefined
  /** Prompt and answer together, wherever they are served. */
  readonly tokens?: number | undefined
  /** Milliseconds of the machines at home. */
  readonly gpuMs?: number | undefined
  /** Shares of it at which somebody is to be told, in rising order. */
  readonly alertAt: readonly number[]
}

/** Several callers that spend together. */
export interface Team {
  readonly name: string
  readonly budgets: readonly Budget[]
  /** The models its callers may use, of those that each of them may; all of them when undefined. */
  readonly models?: ReadonlySet<string> | undefined
}

/** What a budget bounds: billionths of a dollar, tokens, or milliseconds of the machines at home. */
export type Counted = 'nano' | 'tokens' | 'gpuMs'

/** How one budget stands in one span of the calendar. */
export interface BudgetStanding {
  /** Whose, and per what: `caller:chat-ui/day`, `gateway/month`. */
  readonly account: string
  readonly counted: Counted
  readonly limit: number
  readonly spent: number
  /** Set aside for what is under way. */
  readonly held: number
  /** When the span began and ends, in milliseconds since 1970. */
  readonly from: number
  readonly until: number
  readonly alertAt: readonly number[]
}
