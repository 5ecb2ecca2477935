import type { Glance, Need } from '../core/ask.ts'
import type { TalkDialect } from '../core/dialect.ts'
import { isObject, type Json } from '../core/json.ts'
import { inLines } from './carry-on.ts'
import { readFault } from './complaint.ts'
import { estimateTokens } from './estimate.ts'
import { limitIn, listIn, modelIn, optionalFlag, optionalObject, refuse } from './fields.ts'
import { emptyLine } from './heartbeat.ts'
import { limitInOptions } from './limits.ts'
import { needsOf } from './needs.ts'
import { readPrompt } from './ollama-chat/prompt-reader.ts'
import { writePrompt } from './ollama-chat/prompt-writer.ts'
import { partReader } from './ollama-chat/reader.ts'
import { collect, partWriter } from './ollama-chat/writer.ts'
import { errandDone, errandFor } from './ollama/errand.ts'
import { faultFrame, faultIn, writeFault } from './ollama/faults.ts'
import { usageOf } from './ollama/usage.ts'
import { OllamaWatcher } from './ollama/watcher.ts'
import { prefixOf } from './prefix.ts'
import { renameIn } from './splice.ts'

/** `/api/chat` of Ollama: a line of JSON for each piece, streamed unless the caller says otherwise. */
export const ollamaChat: TalkDialect = {
  id: 'ollama-chat',
  form: 'talk',
  routes: ['/api/chat'],
  tasks: ['chat'],
  streamType: 'application/x-ndjson',
  frameEnd: '\n',
  givesUpOverRepeats: true,
  glance,
  // The counts are in the last object, asked for or not.
  wantsUsage: () => true,
  readPrompt,
  writePrompt,
  partReader,
  partWriter,
  collect,
  heartbeat: (about) => emptyLine(about, { message: { role: 'assistant', content: '' } }),
  usageEdits: () => undefined,
  limitEdits: limitInOptions,
  watcher: (options) => new OllamaWatcher(options, 'content"'),
  usageOf,
  faultIn,
  rename: renameIn,
  errandDone: (errand, about) => errandDone(errand, about, { message: { role: 'assistant', content: '' } }),
  writeFault,
  faultFrame,
  readFault,
  carryOn: inLines,
}

const media: ReadonlySet<string> = new Set(['images'])

/** What the model reads, in the order of most templates. */
const read = ['tools', 'messages']

function glance(body: Json): Glance {
  const messages = listIn(body['messages'], 'messages')
  messages.forEach(checkMessage)
  const options = optionalObject(body['options'], 'options')
  const promptTokens = estimateTokens(body, media)
  return {
    model: modelIn(body),
    stream: optionalFlag(body['stream'], 'stream') ?? true,
    promptTokens,
    outputTokensMax: limitIn(options?.['num_predict'], 'options.num_predict'),
    needs: needsIn(body),
    errand: messages.length === 0 ? errandFor(body['keep_alive']) : undefined,
    prefix: prefixOf(body, promptTokens, read),
  }
}

function needsIn({ messages, tools, think, logprobs }: Json): readonly Need[] {
  return needsOf('chat', {
    tools: Array.isArray(tools) && tools.length > 0,
    vision: Array.isArray(messages) && messages.some(hasImages),
    thinking: think !== undefined && think !== null && think !== false,
    logprobs: logprobs === true,
  })
}

const hasImages = (message: unknown): boolean =>
  isObject(message) && Array.isArray(message['images']) && message['images'].length > 0

function checkMessage(message: unknown, index: number): void {
  if (!isObject(message)) throw refuse(`messages[${index}] must be an object.`)
  const { role, content } = message
  if (typeof role !== 'string') throw refuse(`messages[${index}].role must be a string.`)
  if (content !== undefined && content !== null && typeof content !== 'string') {
    throw refuse(`messages[${index}].content must be a string.`)
  }
}
