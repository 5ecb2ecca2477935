import { type Edits, isObject, type Json } from '../../core/json.ts'
import { limitEditsOf } from '../limits.ts'

/** Thoughts need at least this many tokens, and the limit has to be larger. */
const budgetMin = 1_024

/** Holds a body to so many tokens. What it wanted to think of them has to fit in, or is not thought. */
export function limitEdits(body: Json, tokens: number): Edits | undefined {
  // Zero only warms a cache: no limit is lower.
  const said = body['max_tokens'] === 0 ? { ...body, max_tokens: 1 } : body
  const edits = limitEditsOf(said, tokens, ['max_tokens'])
  const { thinking } = body
  const budget = isObject(thinking) ? thinking['budget_tokens'] : undefined
  if (edits === undefined || typeof budget !== 'number' || budget < tokens) return edits
  if (tokens <= budgetMin) return { ...edits, thinking: { type: 'disabled' } }
  return { ...edits, thinking: { ...(thinking as Json), budget_tokens: Math.max(budgetMin, Math.floor(tokens / 2)) } }
}
