import type { Glance } from '../core/ask.ts'
import type { TalkDialect } from '../core/dialect.ts'
import { isObject, type Json } from '../core/json.ts'
import type { Usage } from '../core/usage.ts'
import { faultFrame, faultIn, writeFault } from './anthropic-messages/faults.ts'
import { limitEdits } from './anthropic-messages/limit-edits.ts'
import { limitHeaders } from './anthropic-messages/limit-headers.ts'
import { mediaIn } from './anthropic-messages/media.ts'
import { outputLimit, readPrompt } from './anthropic-messages/prompt-reader.ts'
import { writePrompt } from './anthropic-messages/prompt-writer.ts'
import { partReader } from './anthropic-messages/reader.ts'
import { isCallable } from './anthropic-messages/tools.ts'
import { readUsage } from './anthropic-messages/usage.ts'
import { AnthropicWatcher } from './anthropic-messages/watcher.ts'
import { collect, partWriter } from './anthropic-messages/writer.ts'
import { inBlocks } from './carry-on.ts'
import { readFault } from './complaint.ts'
import { estimateTokens } from './estimate.ts'
import { listIn, modelIn, optionalFlag, optionalNumber, refuse } from './fields.ts'
import { Members } from './members.ts'
import { needsOf } from './needs.ts'
import { prefixOf } from './prefix.ts'
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
  // Its own sign of life.
  heartbeat: () => 'event: ping\ndata: {"type": "ping"}\n\n',
  usageEdits: () => undefined,
  limitEdits,
  watcher: (options) => new AnthropicWatcher(options),
  usageOf,
  faultIn,
  rename: renameIn,
  writeFault,
  limitHeaders,
  faultFrame,
  readFault,
  carryOn: inBlocks,
}

/** Pictures are known by where they stand: a tool may call anything `data`. */
const noNames: ReadonlySet<string> = new Set()

/** What the model reads, in the order of most templates. */
const read = ['tools', 'system', 'messages']

function glance(body: Json): Glance {
  const model = modelIn(body)
  const limit = optionalNumber(body['max_tokens'], 'max_tokens')
  if (limit === undefined) throw refuse('max_tokens: Field required')
  if (limit < 0) throw refuse('max_tokens must not be below zero.')
  const messages = listIn(body['messages'], 'messages')
  if (messages.length === 0) throw refuse('messages: at least one message is required')
  messages.forEach(checkMessage)
  const allTokens = estimateTokens(body, noNames)
  const { hasPicture, surplusTokens } = mediaIn(messages)
  const promptTokens = Math.max(1, allTokens - surplusTokens)
  return {
    model,
    stream: optionalFlag(body['stream'], 'stream') ?? false,
    promptTokens,
    outputTokensMax: outputLimit(limit),
    needs: needsOf('chat', { tools: mayCall(body), vision: hasPicture }),
    prefix: prefixOf(body, promptTokens, read),
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

const mayCall = ({ tools, tool_choice: choice }: Json): boolean =>
  Array.isArray(tools) && tools.some(isCallable) && !(isObject(choice) && choice['type'] === 'none')

function usageOf(answer: Uint8Array): Usage | undefined {
  const members = new Members(answer)
  return members.find('usage') ? readUsage(members.value()) : undefined
}
