/** A budget of somebody in one span of the calendar. */
export interface Account {
  /** Whose, and per what: `caller:chat-ui/day`, `team:research/month`, `upstream:haiku/day`, `gateway/day`. */
  readonly name: string
  /** When the span began and ends, in milliseconds since 1970. */
  readonly from: number
  readonly until: number
}

export interface BoundAccount extends Account {
  readonly limitNano: number
}

/** How an account stands. What was held and what was spent are never more than its limit together, if all keep to theirs. */
export interface Standing extends Account {
  readonly spentNano: number
  readonly heldNano: number
}

/** Money that is to be set aside for one try, from all of these accounts at once. */
export interface Claim {
  /** Unique for ever: of the request, with the number of the try. */
  readonly id: string
  readonly requestId: string
  readonly caller: string
  readonly key?: string | undefined
  readonly team?: string | undefined
  readonly upstream: string
  readonly model: string
  readonly nano: number
  /** Where the price is from. */
  readonly price: string
  /** For what was sent and never came back: the tokens of its prompt, and what one costs with them. */
  readonly promptTokens: number
  readonly promptNano: number
  /** Per token of answer, in pico-dollars. */
  readonly outputPico: number
  readonly at: number
  /** Nobody can be waiting for it any more then. */
  readonly expiresAt: number
  readonly accounts: readonly BoundAccount[]
}

/** Set aside, or not: then `short` is the account that would have been overdrawn. Of all accounts that were looked at, how they stand. */
export interface ClaimAnswer {
  readonly short: Standing | undefined
  readonly standings: readonly Standing[]
}

export interface TokenCounts {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedTokens: number
  readonly cacheWriteTokens: number
  readonly reasoningTokens: number
  /** Nobody counted them: they are our own guess. */
  readonly estimated: boolean
}

export const noTokens: TokenCounts = {
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  estimated: false,
}

/** It was paid for; it cost nothing and its money is back; nobody ended it, and its money is back. */
export type EntryState = 'settled' | 'released' | 'expired'

/** How one try for money came out. Its claim says the rest. */
export interface Try extends TokenCounts {
  readonly claim: Claim
  readonly state: EntryState
  readonly nano: number
}

/** How a request ended: one row, under its id, that is never changed again. */
export interface Entry extends TokenCounts {
  readonly id: string
  readonly state: EntryState
  readonly at: number
  readonly endedAt: number
  readonly caller: string
  readonly key?: string | undefined
  readonly team?: string | undefined
  readonly dialect: string
  /** As it was asked for, and who served it. */
  readonly model: string
  readonly upstream: string
  readonly tier: number
  /** It went to a costlier server although a cheaper one has the model. */
  readonly spilled: boolean
  readonly firstTokenMs: number | undefined
  /** Time of the machines at home. */
  readonly gpuMs: number
  readonly nano: number
  /** What it would have cost in the cloud, where it was served at home and a cloud has the model. */
  readonly savedNano: number
  /** Code of what went wrong. */
  readonly fault: string | undefined
  readonly tries: readonly Try[]
}

/** What is asked of the past. */
export interface ReportQuery {
  readonly by: readonly ReportKey[]
  readonly since?: number | undefined
  readonly until?: number | undefined
  readonly caller?: string | undefined
  readonly timeZone?: string | undefined
}

export type ReportKey = 'caller' | 'key' | 'team' | 'model' | 'upstream' | 'dialect' | 'hour' | 'day' | 'week' | 'month'

export interface ReportRow {
  /** By the keys that were asked for. */
  readonly of: Readonly<Partial<Record<ReportKey, string>>>
  readonly requests: number
  readonly failed: number
  readonly spilled: number
  readonly estimated: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedTokens: number
  readonly gpuMs: number
  readonly nano: number
  readonly savedNano: number
}

/** Where money is set aside and taken down. */
export interface Ledger {
  /** Why no money can be set aside now, in words; undefined when it can. */
  readonly trouble: string | undefined
  /** Durable when it resolves. Rejects where the ledger cannot be written: then nothing was set aside. */
  hold(claim: Claim): Promise<ClaimAnswer>
  /** The try is about to leave, and what it is known to have used since. Neither waits for anything. */
  sent(claim: Claim): void
  heard(claim: Claim, outputTokens: number): void
  /**
   * Takes down how a request ended, once; a second time is as if it had not been. It has outlived this process when this
   * returns, and the machine when the promise resolves; undefined where nothing need be waited for.
   */
  close(entry: Entry): Promise<void> | undefined
  /** How these accounts stand. Those of other processes' making may be a second old. */
  standings(accounts: readonly Account[]): Promise<readonly Standing[]>
  report(query: ReportQuery): Promise<readonly ReportRow[]>
  /** What was used up in a span so far by one caller or team: for budgets that are not of money. */
  used(whose: { readonly caller?: string; readonly team?: string }, since: number): Promise<Used>
}

export interface Used {
  readonly tokens: number
  readonly gpuMs: number
}
