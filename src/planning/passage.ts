import type { Ask } from '../core/ask.ts'
import { nanoPerDollar } from '../core/money.ts'
import type { Outcome } from '../core/reply.ts'
import type { RequestRow } from '../recording/rows.ts'

/** How one request went, be it in reality or in a simulation: the two are measured alike. */
export type Passage = Pick<
  RequestRow,
  | 'at'
  | 'caller'
  | 'model'
  | 'upstream'
  | 'tier'
  | 'spilled'
  | 'attempts'
  | 'wait_ms'
  | 'first_token_ms'
  | 'total_ms'
  | 'output_tokens'
  | 'gpu_ms'
  | 'usd'
  | 'fault'
>

export function passageOf(ask: Ask, outcome: Outcome, at: number): Passage {
  const { upstream, tier, spilled, attempts, waitMs, firstTokenMs, totalMs, usage, gpuMs, costNano, fault } = outcome
  return {
    at,
    caller: ask.caller.id,
    model: ask.model,
    upstream: upstream === '' ? undefined : upstream,
    tier,
    spilled,
    attempts,
    wait_ms: waitMs,
    first_token_ms: ask.stream ? firstTokenMs : undefined,
    total_ms: totalMs,
    output_tokens: usage.outputTokens,
    gpu_ms: gpuMs,
    usd: costNano === undefined ? undefined : costNano / nanoPerDollar,
    fault: fault?.kind,
  }
}
