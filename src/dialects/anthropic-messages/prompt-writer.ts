import type { Json } from '../../core/json.ts'
import type { Message, Prompt, Reasoning, Tool } from '../../core/prompt.ts'
import { asidesAsUser } from '../asides.ts'
import { known, refuse } from '../fields.ts'
import { type Turn, turnsOf } from './turns.ts'

/** A limit is required here. Where the caller has none, this is as much as most answers need. */
const usualLimit = 4_096
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

/**
 * Writes a request. Seeds and penalties have no words here and are left out: they turn an answer, not its meaning. Of the
 * sampling only the temperature goes along where there are both, since newer models refuse to have them together.
 */
export function writePrompt(prompt: Prompt): Json {
  if (prompt.text !== undefined)
    throw refuse('The server for this model holds conversations; it carries on no plain text.')
  if (prompt.logprobs !== undefined) throw refuse('logprobs are not to be had from the server for this model.')
  const { model, stream, tools, user, format } = prompt
  const start = prompt.messages.findIndex(({ role }) => role !== 'system')
  const leading = start === -1 ? prompt.messages : prompt.messages.slice(0, start)
  const turns = turnsOf(asidesAsUser(start === -1 ? [] : prompt.messages.slice(start)))
  const limit = prompt.outputTokensMax ?? usualLimit
  const thinking = thinkingFor(prompt, turns, limit)
  const isThinking = thinking?.['type'] === 'enabled'
  const stops = prompt.stop.filter((text) => text.trim() !== '')
  return known({
    model,
    max_tokens: limit,
    system: systemText(leading, prompt),
    messages: prompt.continues === true ? trimmed(turns) : turns,
    stream,
    // With thoughts a model samples as it does by itself.
    ...(!isThinking && writeSampling(prompt)),
    stop_sequences: stops.length > 0 ? stops : undefined,
    tools: tools.length > 0 ? tools.map(writeTool) : undefined,
    tool_choice: writeToolChoice(prompt),
    thinking,
    output_config:
      format?.type === 'json-schema' ? { format: { type: 'json_schema', schema: format.schema } } : undefined,
    metadata: user === undefined ? undefined : { user_id: user },
  })
}

function systemText(leading: readonly Message[], { format }: Prompt): string | undefined {
  const texts = leading.flatMap(({ content }) => content.flatMap((one) => (one.type === 'text' ? [one.text] : [])))
  // There is no word for JSON of any shape.
  if (format?.type === 'json') texts.push('Answer with one JSON object and nothing else.')
  return texts.length === 0 ? undefined : texts.join('\n\n')
}

function writeSampling({ sampling: { temperature, topP, topK } }: Prompt): Json {
  return {
    temperature: temperature === undefined ? undefined : Math.min(1, Math.max(0, temperature)),
    top_p: temperature === undefined ? topP : undefined,
    top_k: topK,
  }
}

function writeTool({ name, description, parameters, strict }: Tool): Json {
  return known({ name, description, input_schema: { type: 'object', ...(parameters ?? { properties: {} }) }, strict })
}

function writeToolChoice({ tools, toolChoice, parallelTools }: Prompt): Json | undefined {
  if (tools.length === 0) return undefined
  const one = parallelTools === false ? { disable_parallel_tool_use: true } : {}
  switch (toolChoice?.type) {
    case undefined:
      return parallelTools === false ? { type: 'auto', ...one } : undefined
    case 'none':
      return { type: 'none' }
    case 'auto':
      return { type: 'auto', ...one }
    case 'required':
      return { type: 'any', ...one }
    case 'tool':
      return { type: 'tool', name: toolChoice.name, ...one }
  }
}

/** Thoughts go together neither with a tool that must be called, nor with a beginning, nor with a call made without any. */
function thinkingFor(prompt: Prompt, turns: readonly Turn[], limit: number): Json | undefined {
  const { reasoning, toolChoice, continues } = prompt
  if (reasoning === undefined) return undefined
  const isForced = toolChoice?.type === 'required' || toolChoice?.type === 'tool'
  const budget = reasoning === 'off' ? 0 : Math.min(budgets[reasoning], limit - 1)
  if (budget < budgetMin || isForced || continues === true || calledUnthinking(turns)) return { type: 'disabled' }
  return { type: 'enabled', budget_tokens: budget }
}

function calledUnthinking(turns: readonly Turn[]): boolean {
  const last = turns.findLast(({ role }) => role === 'assistant')?.content ?? []
  const has = (...types: readonly string[]): boolean => last.some(({ type }) => types.includes(String(type)))
  return has('tool_use') && !has('thinking', 'redacted_thinking')
}

/** A beginning must not end with a blank. */
function trimmed(turns: readonly Turn[]): readonly Turn[] {
  const last = turns.at(-1)
  const block = last?.content.at(-1)
  if (last?.role !== 'assistant' || typeof block?.['text'] !== 'string') return turns
  const text = { ...block, text: block['text'].trimEnd() }
  return [...turns.slice(0, -1), { ...last, content: [...last.content.slice(0, -1), text] }]
}
