import type { Glance } from '../core/ask.ts'
import type { Dialect } from '../core/dialect.ts'
import { Fault } from '../core/fault.ts'
import { isObject, type Json } from '../core/json.ts'
import type { Usage } from '../core/usage.ts'
import { complaintUnder200, readFault } from './complaint.ts'
import { estimateTokens } from './estimate.ts'
import { limitIn, listIn, modelIn, optionalFlag, optionalObject, refuse } from './fields.ts'
import { Members } from './members.ts'
import { faultFrame, writeFault } from './ollama-chat/faults.ts'
import { readPrompt } from './ollama-chat/prompt-reader.ts'
import { writePrompt } from './ollama-chat/prompt-writer.ts'
import { partReader } from './ollama-chat/reader.ts'
import { readUsage } from './ollama-chat/usage.ts'
import { OllamaWatcher } from './ollama-chat/watcher.ts'
import { collect, partWriter } from './ollama-chat/writer.ts'
import { renameIn } from './splice.ts'

/** `/api/chat` of Ollama: a line of JSON for each piece, streamed unless the caller says otherwise. */
export const ollamaChat: Dialect = {
  id: 'ollama-chat',
  routes: ['/api/chat'],
  streamType: 'application/x-ndjson',
  frameEnd: '\n',
  glance,
  // The counts are in the last object, asked for or not.
  wantsUsage: () => true,
  readPrompt,
  writePrompt,
  partReader,
  partWriter,
  collect,
  usageEdits: () => undefined,
  watcher: (options) => new OllamaWatcher(options),
  usageOf,
  faultIn,
  rename: renameIn,
  writeFault,
  faultFrame,
  readFault,
}

const media: ReadonlySet<string> = new Set(['images'])

function glance(body: Json): Glance {
  // No messages at all is a request to load the model.
  listIn(body['messages'], 'messages').forEach(checkMessage)
  const options = optionalObject(body['options'], 'options')
  return {
    model: modelIn(body),
    stream: optionalFlag(body['stream'], 'stream') ?? true,
    promptTokens: estimateTokens(body, media),
    outputTokensMax: limitIn(options?.['num_predict'], 'options.num_predict'),
  }
}

function checkMessage(message: unknown, index: number): void {
  if (!isObject(message)) throw refuse(`messages[${index}] must be an object.`)
  const { role, content } = message
  if (typeof role !== 'string') throw refuse(`messages[${index}].role must be a string.`)
  if (content !== undefined && content !== null && typeof content !== 'string') {
    throw refuse(`messages[${index}].content must be a string.`)
  }
}

function usageOf(answer: Uint8Array): Usage | undefined {
  const counts: Record<string, unknown> = {}
  const members = new Members(answer)
  while (members.next()) {
    const key = members.key()
    if (key === 'prompt_eval_count' || key === 'eval_count') counts[key] = members.value()
  }
  return readUsage(counts)
}

/** After too many equal tokens Ollama just stops: a 200 that is not done. It would do so anywhere, so nobody should try again. */
function faultIn(answer: Uint8Array): Fault | undefined {
  const members = new Members(answer)
  if (members.find('done') && members.value() === false) {
    return new Fault('upstream-refused', 'The server stopped the answer because it repeated itself.', {
      status: 502,
      code: 'upstream_error',
    })
  }
  return complaintUnder200(answer)
}
