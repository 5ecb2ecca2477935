import type { Glance, Need } from '../core/ask.ts'
import type { TalkDialect } from '../core/dialect.ts'
import { Fault } from '../core/fault.ts'
import { isObject, type Json } from '../core/json.ts'
import type { Usage } from '../core/usage.ts'
import { complaintUnder200, readFault } from './complaint.ts'
import { estimateTokens } from './estimate.ts'
import { limitIn, modelIn, optionalFlag, refuse } from './fields.ts'
import { comment } from './heartbeat.ts'
import { limitEditsOf } from './limits.ts'
import { asBuffer, Members, parsed } from './members.ts'
import { needsOf } from './needs.ts'
import { writeFault } from './openai/faults.ts'
import { readEnd } from './openai-responses/event.ts'
import { faultFrame, hearsInStream } from './openai-responses/faults.ts'
import { leansOn } from './openai-responses/memory.ts'
import { readPrompt, wantsLogprobs } from './openai-responses/prompt-reader.ts'
import { writePrompt } from './openai-responses/prompt-writer.ts'
import { partReader } from './openai-responses/reader.ts'
import { recall } from './openai-responses/recall.ts'
import { readUsage } from './openai-responses/usage.ts'
import { ResponsesWatcher } from './openai-responses/watcher.ts'
import { collect, partWriter } from './openai-responses/writer.ts'
import { prefixOf } from './prefix.ts'
import { renameIn } from './splice.ts'
import { noObject } from './whole.ts'

/** `/v1/responses`: OpenAI's newer format, without what needs a server that remembers. Codex and the AI SDK speak it. */
export const openAiResponses: TalkDialect = {
  id: 'openai-responses',
  form: 'talk',
  routes: ['/v1/responses'],
  tasks: ['chat'],
  streamType: 'text/event-stream',
  frameEnd: '\n\n',
  glance,
  // Its streams always end with the counts.
  wantsUsage: () => true,
  readPrompt,
  writePrompt,
  partReader,
  partWriter,
  collect,
  heartbeat: comment,
  usageEdits: () => undefined,
  limitEdits: (body, tokens) => limitEditsOf(body, tokens, ['max_output_tokens']),
  watcher: (options) => new ResponsesWatcher(options),
  usageOf,
  faultIn,
  recall,
  rename: renameIn,
  writeFault,
  faultFrame,
  hearsInStream,
  readFault,
}

const media: ReadonlySet<string> = new Set(['image_url', 'input_audio', 'file_data'])

/** What the model reads, in the order of most templates. */
const read = ['tools', 'instructions', 'input']

function glance(body: Json): Glance {
  const needsMemory = leansOn(body) !== undefined
  const { input } = body
  // What is remembered may be all there is to say.
  if (typeof input !== 'string' && !(needsMemory && (input === undefined || input === null))) checkItems(input)
  const promptTokens = estimateTokens(body, media)
  return {
    model: modelIn(body),
    stream: optionalFlag(body['stream'], 'stream') ?? false,
    promptTokens,
    outputTokensMax: limitIn(body['max_output_tokens'], 'max_output_tokens'),
    needs: needsIn(body, needsMemory),
    prefix: prefixOf(body, promptTokens, read),
  }
}

function needsIn(body: Json, needsMemory: boolean): readonly Need[] {
  const { tools, tool_choice: choice, input } = body
  const items: readonly unknown[] = Array.isArray(input) ? input : []
  return needsOf('chat', {
    tools: choice !== 'none' && Array.isArray(tools) && tools.some(isCallable),
    vision: items.some((item) => hasPart(item, 'input_image')),
    audio: items.some((item) => hasPart(item, 'input_audio')),
    logprobs: wantsLogprobs(body),
    memory: needsMemory,
  })
}

const isCallable = (tool: unknown): boolean =>
  isObject(tool) && (tool['type'] === 'function' || tool['type'] === 'custom')

function hasPart(item: unknown, type: string): boolean {
  const parts = isObject(item) ? (item['content'] ?? item['output']) : undefined
  return Array.isArray(parts) && parts.some((part) => isObject(part) && part['type'] === type)
}

function checkItems(input: unknown): void {
  if (!Array.isArray(input) || input.length === 0)
    throw refuse('input must be a text or a list with at least one item.')
  input.forEach((item, index) => {
    const field = `input[${index}]`
    if (!isObject(item)) throw refuse(`${field} must be an object.`)
    const { type, role, content } = item
    if (type !== undefined && typeof type !== 'string') throw refuse(`${field}.type must be a string.`)
    if (type !== undefined && type !== 'message') return
    if (typeof role !== 'string') throw refuse(`${field}.role must be a string.`)
    if (typeof content !== 'string' && !(Array.isArray(content) && content.every(isObject)))
      throw refuse(`${field}.content must be a string or a list of parts.`)
  })
}

function usageOf(answer: Uint8Array): Usage | undefined {
  const members = new Members(answer)
  return members.find('usage') ? readUsage(members.value()) : undefined
}

/** A response says itself how it ended; what says nothing of that is none. */
function faultIn(answer: Uint8Array): Fault | undefined {
  const torn = noObject(answer)
  if (torn !== undefined) return torn
  const members = new Members(answer)
  if (!members.find('status')) return complaintUnder200(answer)
  if (members.valueIs('completed') || members.valueIs('incomplete')) return undefined
  const response = parsed(asBuffer(answer).toString('utf8'))
  try {
    if (isObject(response)) readEnd(response)
    return undefined
  } catch (error) {
    return Fault.from(error)
  }
}
