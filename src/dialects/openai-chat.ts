import type { Glance } from '../core/ask.ts'
import type { Dialect } from '../core/dialect.ts'
import { isObject, type Edits, type Json } from '../core/json.ts'
import type { Usage } from '../core/usage.ts'
import { complaintUnder200, readFault } from './complaint.ts'
import { estimateTokens } from './estimate.ts'
import { limitIn, listIn, modelIn, optionalFlag, refuse } from './fields.ts'
import { asBuffer, Members, parsed } from './members.ts'
import { faultFrame, writeFault } from './openai-chat/faults.ts'
import { readPrompt } from './openai-chat/prompt-reader.ts'
import { writePrompt } from './openai-chat/prompt-writer.ts'
import { partReader } from './openai-chat/reader.ts'
import { readUsage } from './openai-chat/usage.ts'
import { OpenAiWatcher } from './openai-chat/watcher.ts'
import { collect, partWriter } from './openai-chat/writer.ts'
import { renameIn } from './splice.ts'

/** `/v1/chat/completions`: what OpenAI began and nearly everybody speaks, each a little differently. */
export const openAiChat: Dialect = {
  id: 'openai-chat',
  routes: ['/v1/chat/completions'],
  streamType: 'text/event-stream',
  frameEnd: '\n\n',
  glance,
  wantsUsage,
  readPrompt,
  writePrompt,
  partReader,
  partWriter,
  collect,
  usageEdits,
  watcher: (options) => new OpenAiWatcher(options),
  usageOf,
  faultIn: complaintUnder200,
  rename: renameIn,
  writeFault,
  faultFrame,
  readFault,
}

const media: ReadonlySet<string> = new Set(['image_url', 'input_audio', 'file'])

function glance(body: Json): Glance {
  const messages = listIn(body['messages'], 'messages')
  if (messages.length === 0) throw refuse('messages must be a list with at least one message.')
  messages.forEach(checkMessage)
  return {
    model: modelIn(body),
    stream: optionalFlag(body['stream'], 'stream') ?? false,
    promptTokens: estimateTokens(body, media),
    outputTokensMax:
      limitIn(body['max_completion_tokens'], 'max_completion_tokens') ?? limitIn(body['max_tokens'], 'max_tokens'),
  }
}

function checkMessage(message: unknown, index: number): void {
  if (!isObject(message)) throw refuse(`messages[${index}] must be an object.`)
  const { role, content } = message
  if (typeof role !== 'string') throw refuse(`messages[${index}].role must be a string.`)
  if (content === undefined || content === null || typeof content === 'string') return
  if (!Array.isArray(content) || !content.every(isObject)) {
    throw refuse(`messages[${index}].content must be a string or a list of parts.`)
  }
}

function wantsUsage({ stream_options: options }: Json): boolean {
  return isObject(options) && options['include_usage'] === true
}

function usageEdits(body: Json): Edits | undefined {
  if (body['stream'] !== true || wantsUsage(body)) return undefined
  const options = body['stream_options']
  return { stream_options: { ...(isObject(options) && options), include_usage: true } }
}

function usageOf(answer: Uint8Array): Usage | undefined {
  // Nearly always it is the last thing said, and a quote within a text would be escaped.
  const bytes = asBuffer(answer)
  const at = bytes.lastIndexOf('"usage":{')
  const usage = at === -1 ? undefined : readUsage(parsed(bytes.toString('latin1', at + 8, bytes.lastIndexOf('}'))))
  if (usage !== undefined) return usage
  const members = new Members(answer)
  return members.find('usage') ? readUsage(members.value()) : undefined
}
