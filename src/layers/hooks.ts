import { amountOf, units } from '../core/amounts.ts'
import type { Ask, Glance } from '../core/ask.ts'
import type { Event } from '../core/event.ts'
import { Fault } from '../core/fault.ts'
import type { Json } from '../core/json.ts'
import type { Layer } from '../core/serve.ts'
import type { Usage } from '../core/usage.ts'

/** What an application may hang on every ask. Anything more is a Layer of its own. */
export interface Hooks {
  /** May change the request before anything counts or compares it. Returns the same object to leave it alone. */
  readonly transformParams?: (params: Json, metadata: AskMetadata) => Json | Promise<Json>
  readonly onFinish?: (result: FinishResult, metadata: AskMetadata) => void
  readonly onError?: (error: Fault, metadata: AskMetadata) => void
  /** So much of a budget is used up: once for each share in `alert_at`, in each span. */
  readonly onBudget?: (reached: BudgetReached) => void
}

export interface BudgetReached {
  /** Whose, and per what: `caller:chat-ui/day`, `gateway/month`. */
  readonly account: string
  readonly share: number
  readonly unit: 'usd' | 'tokens' | 'gpu_seconds'
  /** Decimals, exact. */
  readonly spent: string
  readonly limit: string
  readonly resetsAt: Date
}

export interface AskMetadata {
  readonly id: string
  readonly caller: string
  readonly model: string
  readonly dialect: string
  readonly stream: boolean
}

export interface FinishResult {
  readonly usage: Usage
  readonly upstream: string
  readonly attempts: number
  readonly waitMs: number
  readonly firstTokenMs: number | undefined
  readonly totalMs: number
}

/** Tells an application what is no matter of any one ask. */
export function onBudget({ onBudget: tell }: Hooks, onThrow: HookParts['onThrow']): (event: Event) => void {
  return (event) => {
    if (event.type !== 'budget-reached') return
    const { account, counted, spent, limit, until } = event.standing
    const reached = {
      account,
      share: event.share,
      unit: units[counted],
      spent: amountOf(counted, spent),
      limit: amountOf(counted, limit),
      resetsAt: new Date(until),
    }
    try {
      tell?.(reached)
    } catch (error) {
      onThrow(error)
    }
  }
}

interface HookParts {
  /** Reads a changed request again, so that what is counted is what is sent. */
  readonly glanceOf: (dialect: string, body: Json) => Glance
  /** Told when a hook itself throws after the answer: that must not harm the answer, nor pass unseen. */
  readonly onThrow: (error: unknown) => void
}

export function hooks({ transformParams, onFinish, onError }: Hooks, { glanceOf, onThrow }: HookParts): Layer {
  const guarded = (tell: () => void): void => {
    try {
      tell()
    } catch (error) {
      onThrow(error)
    }
  }
  return (next) => async (original) => {
    let ask = original
    try {
      if (transformParams !== undefined) {
        const body = await transformParams(original.body, metadataOf(original))
        if (body !== original.body)
          ask = { ...original, body, raw: undefined, guessedTokens: undefined, ...glanceOf(original.dialect, body) }
      }
      const reply = await next(ask)
      void reply.outcome.then(({ fault, ...result }) => {
        guarded(() => (fault === undefined ? onFinish?.(result, metadataOf(ask)) : onError?.(fault, metadataOf(ask))))
      })
      return reply
    } catch (error) {
      const fault = Fault.from(error, ask.signal)
      guarded(() => onError?.(fault, metadataOf(ask)))
      throw fault
    }
  }
}

const metadataOf = ({ id, caller, model, dialect, stream }: Ask): AskMetadata => ({
  id,
  caller: caller.id,
  model,
  dialect,
  stream,
})
