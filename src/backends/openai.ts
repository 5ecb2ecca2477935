import type { Backend } from '../core/backend.ts'
import { type Edits, isObject, type Json } from '../core/json.ts'
import * as fields from './fields.ts'
import { listed, listModels, openAiCompatible } from './openai-compatible.ts'
import { changed, type Fields, trim } from './trim.ts'

/** OpenAI itself: costs money, takes only the fields it knows, and of the two names for the limit only the newer. */
export const openAi: Backend = {
  ...openAiCompatible,
  kind: 'openai',
  title: 'OpenAI',
  speaks: { ...openAiCompatible.speaks, 'openai-responses': '/v1/responses' },
  tier: 1,
  initialConcurrency: 16,
  keepsPrompts: undefined,
  remembers: true,
  probe: async (call) => ({ models: (await listModels(call)).map(listed) }),
  edits,
}

const tables: Readonly<Record<string, Fields>> = {
  'openai-chat': fields.openAiChat,
  'openai-completions': fields.completions,
  'openai-embeddings': fields.embeddings,
  'openai-responses': fields.openAiResponses,
}

/** Models that think before they speak, and refuse to be told how to choose their words. */
const thinkers = /^(o\d|gpt-5(?![.\d])(?!.*chat))/
const sampling = ['temperature', 'top_p', 'frequency_penalty', 'presence_penalty'] as const

/** Thoughts in the history are an extension of local servers. */
const extensions = ['reasoning_content', 'reasoning', 'thinking'] as const

function edits(dialect: string, body: Json, { model }: { readonly model: string }): Edits | undefined {
  const known = tables[dialect]
  if (known === undefined) return undefined
  let changes = trim(body, known)
  if (thinkers.test(model)) {
    for (const name of sampling) if (body[name] !== undefined) changes = changed(changes, name, undefined)
  }
  if (dialect !== 'openai-chat') return changes
  const limit = body['max_tokens']
  if (typeof limit === 'number' && limit > 0 && typeof body['max_completion_tokens'] !== 'number')
    changes = changed(changes, 'max_completion_tokens', limit)
  const { messages } = body
  if (Array.isArray(messages) && messages.some(isExtended)) changes = changed(changes, 'messages', messages.map(plain))
  return changes
}

const isExtended = (message: unknown): boolean => isObject(message) && extensions.some((name) => name in message)

function plain(message: unknown): unknown {
  if (!isObject(message)) return message
  return Object.fromEntries(
    Object.entries(message).filter(([name]) => !(extensions as readonly string[]).includes(name)),
  )
}
