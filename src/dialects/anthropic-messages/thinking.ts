import type { Json } from '../../core/json.ts'
import type { Prompt, Reasoning } from '../../core/prompt.ts'
import type { Turn } from './turns.ts'

/** How long an answer may be, and how much of that may go into thoughts: each bounds the other. */
interface Measure {
  readonly limit: number
  readonly thinking: Json | undefined
}

/** A limit is required here. Where the caller has none, this is as much as most answers need. */
const usualLimit = 4_096
/** As much as every model that thinks can be asked for. */
const limitMax = 32_000
/** Thoughts need at least this many tokens, and the limit has to be larger. */
const budgetMin = 1_024

const budgets: Readonly<Record<Exclude<Reasoning, 'off'>, number>> = {
  minimal: budgetMin,
  low: budgetMin,
  on: 4_096,
  medium: 4_096,
  high: 16_384,
  max: 49_152,
}

const off: Json = { type: 'disabled' }

/** Thoughts go together neither with a tool that must be called, nor with a beginning, nor with a call made without any. */
export function measureOf(prompt: Prompt, turns: readonly Turn[]): Measure {
  const { reasoning, toolChoice, outputTokensMax: asked } = prompt
  if (reasoning === undefined) return { limit: asked ?? usualLimit, thinking: undefined }
  const isForced = toolChoice?.type === 'required' || toolChoice?.type === 'tool'
  if (reasoning === 'off' || isForced || turns.at(-1)?.role === 'assistant' || calledUnthinking(turns))
    return { limit: asked ?? usualLimit, thinking: off }
  const budget = Math.min(budgets[reasoning], asked === undefined ? limitMax - usualLimit : halfOf(asked))
  const limit = asked === undefined || asked <= budget ? budget + (asked ?? usualLimit) : asked
  return { limit, thinking: { type: 'enabled', budget_tokens: budget } }
}

/** Half of what is allowed is left to the answer. A limit too small for any thoughts has them added to it. */
const halfOf = (asked: number): number => Math.max(budgetMin, Math.floor(asked / 2))

function calledUnthinking(turns: readonly Turn[]): boolean {
  const last = turns.findLast(({ role }) => role === 'assistant')?.content ?? []
  const has = (...types: readonly string[]): boolean => last.some(({ type }) => types.includes(String(type)))
  return has('tool_use') && !has('thinking', 'redacted_thinking')
}
