import type { Glance, Need } from '../core/ask.ts'
import type { TalkDialect } from '../core/dialect.ts'
import { isObject, type Json } from '../core/json.ts'
import { answersIn } from './answers.ts'
import { inChat } from './carry-on.ts'
import { readFault } from './complaint.ts'
import { estimateTokens } from './estimate.ts'
import { limitIn, listIn, modelIn, optionalFlag, refuse } from './fields.ts'
import { comment } from './heartbeat.ts'
import { limitEditsOf } from './limits.ts'
import { needsOf } from './needs.ts'
import { readPrompt } from './openai-chat/prompt-reader.ts'
import { writePrompt } from './openai-chat/prompt-writer.ts'
import { partReader } from './openai-chat/reader.ts'
import { collect, partWriter } from './openai-chat/writer.ts'
import { faultFrame, faultIn, writeFault } from './openai/faults.ts'
import { usageEdits, usageOf, wantsUsage } from './openai/usage.ts'
import { OpenAiWatcher } from './openai/watcher.ts'
import { prefixOf } from './prefix.ts'
import { renameIn } from './splice.ts'

/** `/v1/chat/completions`: what OpenAI began and nearly everybody speaks, each a little differently. */
export const openAiChat: TalkDialect = {
  id: 'openai-chat',
  form: 'talk',
  routes: ['/v1/chat/completions'],
  tasks: ['chat'],
  streamType: 'text/event-stream',
  frameEnd: '\n\n',
  glance,
  wantsUsage,
  readPrompt,
  writePrompt,
  partReader,
  partWriter,
  collect,
  heartbeat: comment,
  usageEdits,
  limitEdits: (body, tokens) => limitEditsOf(body, tokens, ['max_tokens', 'max_completion_tokens']),
  watcher: (options) => new OpenAiWatcher(options, 'content"'),
  usageOf,
  faultIn,
  rename: renameIn,
  writeFault,
  faultFrame,
  readFault,
  carryOn: inChat,
}

const media: ReadonlySet<string> = new Set(['image_url', 'input_audio', 'file'])

/** What the model reads, in the order of most templates. */
const read = ['tools', 'messages']

function glance(body: Json): Glance {
  const messages = listIn(body['messages'], 'messages')
  if (messages.length === 0) throw refuse('messages must be a list with at least one message.')
  messages.forEach(checkMessage)
  const promptTokens = estimateTokens(body, media)
  return {
    model: modelIn(body),
    stream: optionalFlag(body['stream'], 'stream') ?? false,
    promptTokens,
    outputTokensMax:
      limitIn(body['max_completion_tokens'], 'max_completion_tokens') ?? limitIn(body['max_tokens'], 'max_tokens'),
    answers: answersIn(body),
    needs: needsIn(body, messages),
    prefix: prefixOf(body, promptTokens, read),
  }
}

function needsIn({ tools, tool_choice: choice, logprobs }: Json, messages: readonly unknown[]): readonly Need[] {
  return needsOf('chat', {
    tools: Array.isArray(tools) && tools.length > 0 && choice !== 'none',
    vision: messages.some((message) => hasPart(message, 'image_url')),
    audio: messages.some((message) => hasPart(message, 'input_audio')),
    logprobs: logprobs === true,
  })
}

function hasPart(message: unknown, type: string): boolean {
  const content = isObject(message) ? message['content'] : undefined
  return Array.isArray(content) && content.some((part) => isObject(part) && part['type'] === type)
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
