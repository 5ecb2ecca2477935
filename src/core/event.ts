import type { Ask } from './ask.ts'
import type { BudgetStanding } from './budget.ts'
import type { FaultKind } from './fault.ts'
import type { Outcome, Prediction } from './reply.ts'

/** It spoke first, it did not, or it broke. */
export type HedgeEnding = 'won' | 'lost' | 'failed'

/** Everything worth knowing afterwards. Metrics, logs, `top`, the dashboard and `simulate` all read this one stream. */
export type Event =
  | { readonly type: 'ask-arrived'; readonly ask: Ask }
  | {
      readonly type: 'ask-queued'
      readonly ask: Ask
      readonly ahead: number
      /** What is thought of it; undefined where nobody can say. */
      readonly predicted?: Prediction | undefined
    }
  | {
      readonly type: 'ask-granted'
      readonly ask: Ask
      readonly upstream: string
      readonly tier: number
      readonly waitMs: number
      readonly spilled: boolean
      /** What was thought of it when it was let in. */
      readonly predicted?: Prediction | undefined
    }
  | {
      readonly type: 'attempt-failed'
      readonly ask: Ask
      readonly upstream: string
      readonly midStream: boolean
      readonly kind: FaultKind
      readonly reason: string
    }
  /** Its server is late: another one is asked as well, and the first to speak answers. */
  | { readonly type: 'ask-hedged'; readonly ask: Ask; readonly upstream: string; readonly afterMs: number }
  | {
      readonly type: 'hedge-ended'
      readonly ask: Ask
      /** The one that was asked as well. */
      readonly upstream: string
      readonly ending: HedgeEnding
      /** What the one that lost was given to read and had said, at most. */
      readonly wastedTokens: number
    }
  | { readonly type: 'first-token'; readonly ask: Ask; readonly upstream: string; readonly afterMs: number }
  /** A stream broke that may be carried on by another server. */
  | {
      readonly type: 'resumed'
      readonly ask: Ask
      /** Where it broke, and who goes on; undefined where nobody does. */
      readonly from: string
      readonly upstream: string | undefined
      readonly outcome: Resumed
      /** Since it broke. */
      readonly afterMs: number
    }
  /** `decision` says why it went where it went; there is none when it was refused. */
  | { readonly type: 'ask-settled'; readonly ask: Ask; readonly outcome: Outcome; readonly decision?: string }
  /** Turned away at the door, before there was an ask. */
  | { readonly type: 'request-refused'; readonly kind: FaultKind; readonly status: number; readonly dialect: string }
  /** A caller's connection, closed by us though nothing was wrong with what it asked. */
  | { readonly type: 'connection-cut'; readonly why: ConnectionCut }
  | { readonly type: 'upstream-changed'; readonly upstream: string; readonly up: boolean; readonly reason: string }
  /** A try that cost something is paid for. */
  | {
      readonly type: 'money-spent'
      readonly ask: Ask
      readonly upstream: string
      /** As the server calls it. */
      readonly model: string
      readonly nano: number
      /** Nobody counted: it is our own guess. */
      readonly estimated: boolean
    }
  /** The configuration was read again: taken up, or refused for its faults. */
  | { readonly type: 'config-read'; readonly taken: boolean; readonly text: string }
  /** A model stopped in the middle of its answers while its server said that all is well: `asks` were told so. */
  | {
      readonly type: 'upstream-stalled'
      readonly upstream: string
      readonly model: string
      readonly asks: number
      readonly silentMs: number
    }
  /** So much of a budget is used up. Told once for each share of it in each span, however many gateways share the ledger. */
  | { readonly type: 'budget-reached'; readonly standing: BudgetStanding; readonly share: number }
  /** Nothing may leave any more for servers that cost money, or it may again. */
  | { readonly type: 'cloud-switched'; readonly open: boolean; readonly text: string }
  | { readonly type: 'notice'; readonly level: 'info' | 'warn' | 'error'; readonly text: string }

/**
 * It read too slowly, or was the slowest when too much waited to be read; there are too many connections, or too many of
 * its address; or the process is near the end of what it has.
 */
export type ConnectionCut = 'stalled' | 'unread' | 'too-many' | 'too-many-of-one' | 'pressure'

/**
 * Another server carries it on; nothing but its end was missing; it cannot be carried on as it stands; nobody was there to
 * do it; its caller left meanwhile.
 */
export type Resumed = 'carried-on' | 'finished' | 'unfit' | 'failed' | 'left'

export type Emit = (event: Event) => void
