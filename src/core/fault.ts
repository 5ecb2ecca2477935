import type { Allowances } from './allowance.ts'

/** Every way an ask can fail: what the caller is told, whether another upstream might do better, and whose fault it is. */
const table = {
  'bad-request': { status: 400, code: 'invalid_request', retry: false, blame: 'caller' },
  /** The model is there and lacks what the request needs of it. */
  'not-capable': { status: 400, code: 'unsupported_capability', retry: false, blame: 'caller' },
  'context-overflow': { status: 400, code: 'context_length_exceeded', retry: false, blame: 'caller' },
  unauthorized: { status: 401, code: 'invalid_api_key', retry: false, blame: 'caller' },
  forbidden: { status: 403, code: 'permission_denied', retry: false, blame: 'caller' },
  'no-such-model': { status: 404, code: 'model_not_found', retry: false, blame: 'caller' },
  'no-such-route': { status: 404, code: 'not_found', retry: false, blame: 'caller' },
  'wrong-method': { status: 405, code: 'method_not_allowed', retry: false, blame: 'caller' },
  'too-large': { status: 413, code: 'request_too_large', retry: false, blame: 'caller' },
  'wrong-type': { status: 415, code: 'unsupported_media_type', retry: false, blame: 'caller' },
  'queue-full': { status: 429, code: 'queue_full', retry: false, blame: 'gateway' },
  'patience-spent': { status: 429, code: 'patience_exceeded', retry: false, blame: 'gateway' },
  'rate-limited': { status: 429, code: 'rate_limit_exceeded', retry: false, blame: 'caller' },
  'over-budget': { status: 429, code: 'budget_exceeded', retry: false, blame: 'caller' },
  cancelled: { status: 499, code: 'client_closed_request', retry: false, blame: 'caller' },
  internal: { status: 500, code: 'internal_error', retry: false, blame: 'gateway' },
  'not-supported': { status: 501, code: 'not_supported', retry: false, blame: 'caller' },
  /** The upstream looked at the request and found fault with the caller. */
  'upstream-refused': { status: 400, code: 'upstream_rejected_request', retry: false, blame: 'caller' },
  'upstream-broke': { status: 502, code: 'upstream_error', retry: true, blame: 'upstream' },
  /** One server has not got the model that it is thought to have. Others may. */
  'model-missing': { status: 404, code: 'model_not_found', retry: true, blame: 'caller' },
  /** Our own credentials or configuration were not to the upstream's liking. */
  'upstream-denied': { status: 502, code: 'upstream_denied', retry: true, blame: 'upstream' },
  'upstream-busy': { status: 503, code: 'upstream_busy', retry: true, blame: 'upstream' },
  /** It will be able to, in a while: it says that the model is on its way into memory. */
  'upstream-loading': { status: 503, code: 'model_loading', retry: true, blame: 'gateway' },
  'no-upstream': { status: 503, code: 'no_upstream_available', retry: false, blame: 'gateway' },
  /** What is spent cannot be taken down at the moment, so nothing is. */
  'ledger-closed': { status: 503, code: 'ledger_unavailable', retry: false, blame: 'gateway' },
  'shutting-down': { status: 503, code: 'shutting_down', retry: false, blame: 'gateway' },
  /** This process is near the end of its memory, its files or its time. */
  overloaded: { status: 503, code: 'gateway_overloaded', retry: false, blame: 'gateway' },
  'upstream-slow': { status: 504, code: 'upstream_timeout', retry: true, blame: 'upstream' },
} as const

export type FaultKind = keyof typeof table

export interface OverflowTokens {
  readonly prompt: number
  readonly max: number
  /** What was allowed for the answer, where it is only both together that do not fit. */
  readonly output?: number | undefined
}

interface FaultDetails extends ErrorOptions {
  /** How long to wait before asking again makes sense. */
  readonly retryAfterMs?: number | undefined
  /** When a first token would have come, had it waited: as was predicted. */
  readonly etaMs?: number | undefined
  /** A status other than the table's: an upstream's own 4xx, handed on. */
  readonly status?: number | undefined
  /** An upstream's own error code, handed on. */
  readonly code?: string | undefined
  /** For an overflow: what was asked and what fits, where that is known. */
  readonly tokens?: OverflowTokens | undefined
  /** What is left to a caller who has limits. */
  readonly allowances?: Allowances | undefined
  /** The upstream said so itself, in an answer: it is not at work on the request any more, and charges nothing for it. */
  readonly told?: boolean | undefined
  /** The same server would do better at once: what was wrong with it is over, and says nothing about it. */
  readonly passing?: boolean | undefined
  /** No request fares better there until somebody has put something right: a key, an account. */
  readonly lasting?: boolean | undefined
}

/** The one error. Thrown anywhere, written in the caller's dialect only at the edge. */
export class Fault extends Error {
  readonly kind: FaultKind
  readonly status: number
  readonly code: string
  readonly retryAfterMs: number | undefined
  readonly etaMs: number | undefined
  readonly tokens: OverflowTokens | undefined
  readonly allowances: Allowances | undefined
  readonly told: boolean
  readonly passing: boolean
  readonly lasting: boolean

  constructor(kind: FaultKind, message: string, details: FaultDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'Fault'
    this.kind = kind
    this.status = details.status ?? table[kind].status
    this.code = details.code ?? table[kind].code
    this.retryAfterMs = details.retryAfterMs
    this.etaMs = details.etaMs
    this.tokens = details.tokens
    this.allowances = details.allowances
    this.told = details.told ?? false
    this.passing = details.passing ?? false
    this.lasting = details.lasting ?? false
  }

  /** Whether another upstream might do better. */
  get retry(): boolean {
    return table[this.kind].retry
  }

  get blame(): 'caller' | 'gateway' | 'upstream' {
    return table[this.kind].blame
  }

  /** What the caller is told to wait, in headers and in the body alike: only where coming back makes sense. */
  get comeBackMs(): number | undefined {
    const usualMs = this.status === 429 || this.status === 503 ? 1_000 : undefined
    const ms = this.status === 429 || this.status >= 502 ? (this.retryAfterMs ?? usualMs) : undefined
    return ms === undefined ? undefined : Math.max(1, Math.ceil(ms))
  }

  /** The same, with what is left to the caller, with another time to come back, or with more to say. */
  with(changed: Pick<FaultDetails, 'allowances' | 'retryAfterMs'>, also?: string): Fault {
    const { kind, cause, retryAfterMs, etaMs, status, code, tokens, allowances, told, passing, lasting } = this
    const kept = { cause, retryAfterMs, etaMs, status, code, tokens, allowances, told, passing, lasting }
    const message = also === undefined ? this.message : `${this.message} ${also}`
    return new Fault(kind, message, { ...kept, ...changed })
  }

  /** Anything thrown becomes a Fault; after an abort it is always the caller's. */
  static from(error: unknown, signal?: AbortSignal): Fault {
    if (signal?.aborted) return new Fault('cancelled', 'The caller went away.', { cause: error })
    if (error instanceof Fault) return error
    return new Fault('internal', 'Something went wrong inside the gateway.', { cause: error })
  }

  /** A fault that came over the wire: known by its code, else by its status. */
  static ofCode(
    code: string | undefined,
    status: number,
    message: string,
    times: Pick<FaultDetails, 'retryAfterMs' | 'etaMs'> = {},
  ): Fault {
    const kinds = Object.keys(table) as FaultKind[]
    const kind =
      kinds.find((known) => table[known].code === code) ??
      kinds.find((known) => table[known].status === status) ??
      (status < 500 ? 'upstream-refused' : 'upstream-broke')
    return new Fault(kind, message, { ...times, status, code })
  }
}
