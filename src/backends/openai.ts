import type { Backend } from '../core/backend.ts'
import { type Edits, isObject, type Json } from '../core/json.ts'
import { openAiCompatible } from './openai-compatible.ts'

/** OpenAI itself: costs money, takes only the fields it knows, and of the two names for the limit only the newer. */
export const openAi: Backend = {
  ...openAiCompatible,
  kind: 'openai',
  title: 'OpenAI',
  tier: 1,
  initialConcurrency: 16,
  edits,
}

/** What the API documents. A request written for a local server may carry more, and would be refused for it. */
const fields: ReadonlySet<string> = new Set([
  'messages',
  'model',
  'max_completion_tokens',
  'temperature',
  'top_p',
  'frequency_penalty',
  'presence_penalty',
  'logit_bias',
  'seed',
  'n',
  'stop',
  'stream',
  'stream_options',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'functions',
  'function_call',
  'response_format',
  'logprobs',
  'top_logprobs',
  'reasoning_effort',
  'verbosity',
  'service_tier',
  'store',
  'metadata',
  'user',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'modalities',
  'audio',
  'prediction',
  'web_search_options',
  'moderation',
])

/** Thoughts in the history are an extension of local servers. */
const extensions = ['reasoning_content', 'reasoning', 'thinking'] as const

function edits(dialect: string, body: Json): Edits | undefined {
  if (dialect !== 'openai-chat') return undefined
  const changes: Record<string, unknown> = {}
  for (const key in body) if (!fields.has(key)) changes[key] = undefined
  const limit = body['max_tokens']
  if (typeof limit === 'number' && typeof body['max_completion_tokens'] !== 'number')
    changes['max_completion_tokens'] = limit
  const { messages } = body
  if (Array.isArray(messages) && messages.some(isExtended)) changes['messages'] = messages.map(plain)
  return Object.keys(changes).length === 0 ? undefined : changes
}

const isExtended = (message: unknown): boolean => isObject(message) && extensions.some((name) => name in message)

function plain(message: unknown): unknown {
  if (!isObject(message)) return message
  return Object.fromEntries(
    Object.entries(message).filter(([name]) => !(extensions as readonly string[]).includes(name)),
  )
}
