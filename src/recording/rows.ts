import type { Cloud, Need, Priority } from '../core/ask.ts'
import type { Span } from '../core/budget.ts'

/**
 * What a recording is made of: JSON lines, each of one of these. No words that anybody said or was told, no keys and no addresses.
 * Every file begins with its settings, so that each can be read by itself. Dates are milliseconds since 1970.
 */
export type Row = SettingsRow | RequestRow | FailureRow | UpstreamRow

/** What held from then on. A file begins with it, and has another where the configuration was changed. */
export interface SettingsRow {
  readonly type: 'settings'
  /** Of this format. */
  readonly version: 1
  readonly at: number
  /** Spillway's own. */
  readonly spillway: string
  readonly upstreams: readonly RecordedUpstream[]
  readonly queue: { readonly max: number; readonly patience_ms: number; readonly deadline_ms?: number | undefined }
  readonly callers: readonly RecordedCaller[]
  readonly teams?: Readonly<Record<string, RecordedTeam>> | undefined
  readonly money?: RecordedMoney | undefined
}

/** What may be spent by all together, and by whose calendar. */
export interface RecordedMoney {
  readonly time_zone: string
  readonly cloud_open: boolean
  /** The most for one request, and its longest answer where a caller does not say. */
  readonly request_usd?: number | undefined
  readonly output_max?: number | undefined
  readonly budgets?: readonly RecordedBudget[] | undefined
}

/** What may be used up in each span of the calendar. */
export interface RecordedBudget {
  readonly per: Span
  readonly usd?: number | undefined
  readonly tokens?: number | undefined
  readonly gpu_ms?: number | undefined
}

export interface RecordedLimits {
  readonly requests_per_minute?: number | undefined
  readonly tokens_per_minute?: number | undefined
  readonly concurrent?: number | undefined
  readonly burst_ms?: number | undefined
}

export interface RecordedTeam {
  readonly cloud: Cloud
  readonly budgets?: readonly RecordedBudget[] | undefined
}

export interface RecordedUpstream {
  readonly name: string
  readonly kind: string
  readonly tier: number
  readonly concurrency: number | 'auto'
  /** The caller's model: this server's. */
  readonly serve?: Readonly<Record<string, string>> | undefined
  /** Tokens by the server's model, as far as that is known. */
  readonly context: Readonly<Record<string, number>>
  /** Dollars per million tokens by the server's model, where that is known. */
  readonly prices?: Readonly<Record<string, { readonly input: number; readonly output: number }>> | undefined
  readonly budgets?: readonly RecordedBudget[] | undefined
  /** Models that are to stay in memory, and how many fit there, where that was set. */
  readonly preload?: readonly string[] | undefined
  readonly models_max?: number | undefined
}

export interface RecordedCaller {
  readonly name: string
  readonly weight: number
  readonly priority: Priority
  readonly cloud: Cloud
  readonly patience_ms?: number | undefined
  readonly deadline_ms?: number | undefined
  readonly limits?: RecordedLimits | undefined
  readonly budgets?: readonly RecordedBudget[] | undefined
  readonly team?: string | undefined
}

/** One request, taken down when it had ended; so rows are in the order of ends, and not in that of beginnings. */
export interface RequestRow {
  readonly type: 'request'
  /** When it arrived. */
  readonly at: number
  readonly caller: string
  /** Its share of a contended server; absent where it is 1. */
  readonly weight?: number | undefined
  /** As the servers or the configuration call it; `(unknown)` for whatever nobody has. */
  readonly model: string
  readonly dialect: string
  readonly stream: boolean
  readonly priority: Priority
  readonly cloud: Cloud
  readonly patience_ms: number
  readonly deadline_ms?: number | undefined
  readonly needs: readonly Need[]
  readonly prompt_tokens: number
  /** The most that the caller allowed. */
  readonly output_max?: number | undefined
  /** How the prompt begins: equal numbers are equal text, and say nothing else. Absent where nothing is worth finding again. */
  readonly blocks?: readonly number[] | undefined
  /** Tokens of each block. */
  readonly block_tokens?: number | undefined
  /** Who answered, or was the last to try; absent where nobody was asked. */
  readonly upstream?: string | undefined
  /** Of the one that answered. */
  readonly tier?: number | undefined
  readonly spilled?: boolean | undefined
  readonly attempts: number
  /** Until it got its place; all of its time where it was refused. */
  readonly wait_ms: number
  /** From arrival, as all of these. Absent where no token came, or where the answer came in one piece. */
  readonly first_token_ms?: number | undefined
  readonly total_ms: number
  readonly output_tokens: number
  readonly cached_tokens?: number | undefined
  /** Nobody counted the tokens: they are our own guess. */
  readonly estimated?: boolean | undefined
  readonly gpu_ms?: number | undefined
  readonly usd?: number | undefined
  /** Code of what went wrong; `cancelled` when the caller left. */
  readonly fault?: string | undefined
}

/** A try that failed, whatever became of its request. */
export interface FailureRow {
  readonly type: 'failure'
  readonly at: number
  readonly upstream: string
  readonly kind: string
  readonly mid_stream: boolean
}

/** A server that was lost or found again. */
export interface UpstreamRow {
  readonly type: 'upstream'
  readonly at: number
  readonly upstream: string
  readonly up: boolean
}
