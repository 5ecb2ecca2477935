import type { AnswerAbout } from '../../core/dialect.ts'
import { isObject, type Json } from '../../core/json.ts'
import type { FinishReason } from '../../core/part.ts'
import type { Usage } from '../../core/usage.ts'
import { writeUsage } from './usage.ts'

/** What follows in ids from the one of the ask: clients send them back, and OpenAI takes no others and no longer ones. */
export const idBase = ({ id }: AnswerAbout): string => id.replace(/[^A-Za-z0-9_-]/g, '').slice(0, 48)

/** The members of a response that stay the same from its first frame to its last. The types of clients require most. */
export function headOf(about: AnswerAbout): Json {
  const body = about.body ?? {}
  const { instructions, text, tools } = body
  return {
    id: `resp_${idBase(about)}`,
    object: 'response',
    created_at: secondsOf(about.createdMs),
    model: about.model,
    background: false,
    instructions: instructions ?? null,
    max_output_tokens: body['max_output_tokens'] ?? null,
    max_tool_calls: body['max_tool_calls'] ?? null,
    metadata: body['metadata'] ?? {},
    parallel_tool_calls: body['parallel_tool_calls'] ?? true,
    previous_response_id: null,
    prompt_cache_key: body['prompt_cache_key'] ?? null,
    reasoning: body['reasoning'] ?? { effort: null, summary: null },
    safety_identifier: body['safety_identifier'] ?? null,
    service_tier: 'default',
    store: false,
    temperature: body['temperature'] ?? null,
    text: { format: { type: 'text' }, ...(isObject(text) && text) },
    tool_choice: body['tool_choice'] ?? 'auto',
    tools: tools ?? [],
    top_logprobs: body['top_logprobs'] ?? 0,
    top_p: body['top_p'] ?? null,
    truncation: 'disabled',
    user: body['user'] ?? null,
  }
}

/** The members that tell how far it has come. */
export const begun: Json = {
  status: 'in_progress',
  completed_at: null,
  error: null,
  incomplete_details: null,
  output: [],
  usage: null,
}

export interface Ending {
  readonly reason: FinishReason
  readonly output: readonly Json[]
  readonly usage: Usage | undefined
  readonly endedMs: number
}

export function ended({ reason, output, usage, endedMs }: Ending): Json {
  const cutOff = cutOffs[reason]
  return {
    status: cutOff === undefined ? 'completed' : 'incomplete',
    completed_at: cutOff === undefined ? secondsOf(endedMs) : null,
    error: null,
    incomplete_details: cutOff === undefined ? null : { reason: cutOff },
    output,
    usage: usage === undefined ? null : writeUsage(usage),
  }
}

/** Why an answer is not complete; undefined where it is. */
export const cutOffs: Readonly<Record<FinishReason, string | undefined>> = {
  stop: undefined,
  'tool-calls': undefined,
  length: 'max_output_tokens',
  'content-filter': 'content_filter',
}

const secondsOf = (ms: number): number => Math.floor(ms / 1_000)
