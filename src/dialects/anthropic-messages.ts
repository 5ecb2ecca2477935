import type { Glance, Need } from '../core/ask.ts'
import type { TalkDialect } from '../core/dialect.ts'
import { isObject, type Json } from '../core/json.ts'
import type { Usage } from '../core/usage.ts'
import { faultFrame, faultIn, statusOf, writeFault } from './anthropic-messages/faults.ts'
import { readPrompt } from './anthropic-messages/prompt-reader.ts'
import { writePrompt } from './anthropic-messages/prompt-writer.ts'
import { partReader } from './anthropic-messages/reader.ts'
import { isCallable } from './anthropic-messages/tools.ts'
import { readUsage } from './anthropic-messages/usage.ts'
import { AnthropicWatcher } from './anthropic-messages/watcher.ts'
import { collect, partWriter } from './anthropic-messages/writer.ts'
import { readFault } from './complaint.ts'
import { estimateTokens } from './estimate.ts'
import { limitIn, listIn, modelIn, optionalFlag, refuse } from './fields.ts'
import { Members } from './members.ts'
import { needsOf } from './needs.ts'
import { renameIn } from './splice.ts'

/** `/v1/messages`, in both versions of the API that are in use. Some clients are told a base URL with `/v1`, some without. */
export const anthropicMessages: TalkDialect = {
  id: 'anthropic-messages',
  form: 'talk',
  routes: ['/v1/messages', '/messages'],
  tasks: ['chat'],
  streamType: 'text/event-stream',
  passHeaders: ['anthropic-version', 'anthropic-beta'],
  idHeader: 'request-id',
  frameEnd: '\n\n',
  glance,
  // Its streams always have the counts, at both ends.
  wantsUsage: () => true,
  readPrompt,
  writePrompt,
  partReader,
  partWriter,
  collect,
  usageEdits: () => undefined,
  watcher: (options) => new AnthropicWatcher(options),
  usageOf,
  faultIn,
  rename: renameIn,
  writeFault,
  statusOf,
  faultFrame,
  readFault,
}

/** `data` is where the bytes of a picture or a document stand, and a sealed thought is as long. */
const media: ReadonlySet<string> = new Set(['data'])

function glance(body: Json): Glance {
  const model = modelIn(body)
  const limit = body['max_tokens']
  if (typeof limit !== 'number') throw refuse('max_tokens: Field required')
  if (limit < 0) throw refuse('max_tokens must not be below zero.')
  const messages = listIn(body['messages'], 'messages')
  if (messages.length === 0) throw refuse('messages: at least one message is required')
  messages.forEach(checkMessage)
  return {
    model,
    stream: optionalFlag(body['stream'], 'stream') ?? false,
    promptTokens: estimateTokens(body, media),
    outputTokensMax: limitIn(limit, 'max_tokens'),
    needs: needsIn(body, messages),
  }
}

function checkMessage(message: unknown, index: number): void {
  if (!isObject(message)) throw refuse(`messages.${index} must be an object.`)
  const { role, content } = message
  if (role !== 'user' && role !== 'assistant' && role !== 'system')
    throw refuse(`messages.${index}.role must be user, assistant or system.`)
  if (typeof content === 'string') return
  if (!Array.isArray(content) || !content.every(isObject))
    throw refuse(`messages.${index}.content must be a string or a list of blocks.`)
}

function needsIn({ tools, tool_choice: choice }: Json, messages: readonly unknown[]): readonly Need[] {
  return needsOf('chat', {
    tools: Array.isArray(tools) && tools.some(isCallable) && !(isObject(choice) && choice['type'] === 'none'),
    vision: messages.some((message) => hasImage((message as Json)['content'])),
  })
}

/** Pictures stand in messages, and in the results of tools. */
const hasImage = (content: unknown): boolean =>
  Array.isArray(content) &&
  content.some((block) => isObject(block) && (block['type'] === 'image' || hasImage(block['content'])))

function usageOf(answer: Uint8Array): Usage | undefined {
  const members = new Members(answer)
  return members.find('usage') ? readUsage(members.value()) : undefined
}
