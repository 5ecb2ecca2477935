import { isObject, type Json } from '../../core/json.ts'
import type { Content, Format, Message, Prompt, Reasoning, Sampling, Tool, ToolCall } from '../../core/prompt.ts'
import {
  known,
  listIn,
  modelIn,
  objectIn,
  optionalFlag,
  optionalNumber,
  optionalObject,
  optionalText,
  refuse,
  textIn,
  textsIn,
} from '../fields.ts'
import { mediaTypeOf } from '../images.ts'

/** Reads a request. What only concerns Ollama's own housekeeping (`keep_alive`, how a model is loaded) has no meaning elsewhere. */
export function readPrompt(body: Json): Prompt {
  if (body['logprobs'] === true) throw refuse('logprobs are not to be had from the server for this model.')
  const options = optionalObject(body['options'], 'options') ?? {}
  const limit = optionalNumber(options['num_predict'], 'options.num_predict')
  const open: ToolCall[] = []
  return {
    model: modelIn(body),
    messages: listIn(body['messages'], 'messages').map((message, index) => readMessage(message, index, open)),
    stream: optionalFlag(body['stream'], 'stream') ?? true,
    // Zero and less mean that there is no limit.
    outputTokensMax: limit === undefined || limit <= 0 ? undefined : limit,
    sampling: readSampling(options),
    stop: textsIn(options['stop'], 'options.stop'),
    tools: listIn(body['tools'], 'tools').map(readTool),
    toolChoice: undefined,
    parallelTools: undefined,
    format: readFormat(body['format']),
    reasoning: readThink(body['think']),
    user: undefined,
  }
}

function readSampling(options: Json): Sampling {
  const number = (name: string): number | undefined => optionalNumber(options[name], `options.${name}`)
  return known({
    temperature: number('temperature'),
    topP: number('top_p'),
    topK: number('top_k'),
    minP: number('min_p'),
    seed: number('seed'),
    frequencyPenalty: number('frequency_penalty'),
    presencePenalty: number('presence_penalty'),
    repeatPenalty: number('repeat_penalty'),
  })
}

/** `open` holds the calls that no result has answered yet: a result may name its tool only, not its call. */
function readMessage(value: unknown, index: number, open: ToolCall[]): Message {
  const field = `messages[${index}]`
  const message = objectIn(value, field)
  const role = readRole(message['role'], field)
  const toolCalls =
    role === 'assistant'
      ? listIn(message['tool_calls'], `${field}.tool_calls`).map((call, at) =>
          readCall(call, `${field}.tool_calls[${at}]`, `call_${index}_${at}`),
        )
      : []
  open.push(...toolCalls)
  const answered = role === 'tool' ? takeAnswered(message, open) : undefined
  return {
    role,
    content: readContent(message, field),
    toolCalls,
    toolCallId:
      role === 'tool'
        ? (optionalText(message['tool_call_id'], `${field}.tool_call_id`) ?? answered?.id ?? `call_${index}`)
        : undefined,
    name: role === 'tool' ? (optionalText(message['tool_name'], `${field}.tool_name`) ?? answered?.name) : undefined,
  }
}

function takeAnswered({ tool_call_id: id, tool_name: name }: Json, open: ToolCall[]): ToolCall | undefined {
  const byId = open.findIndex((call) => call.id === id)
  const byName = open.findIndex((call) => typeof id !== 'string' && (typeof name !== 'string' || call.name === name))
  const at = byId >= 0 ? byId : byName
  return at < 0 ? undefined : open.splice(at, 1)[0]
}

function readRole(said: unknown, field: string): Message['role'] {
  const role = textIn(said, `${field}.role`).toLowerCase()
  if (role === 'developer') return 'system'
  if (role === 'system' || role === 'user' || role === 'assistant' || role === 'tool') return role
  throw refuse(`${field}.role must be system, user, assistant or tool.`)
}

function readContent(message: Json, field: string): Content[] {
  const content: Content[] = []
  const thinking = optionalText(message['thinking'], `${field}.thinking`)
  const text = optionalText(message['content'], `${field}.content`)
  if (thinking !== undefined && thinking !== '') content.push({ type: 'thinking', text: thinking })
  if (text !== undefined && text !== '') content.push({ type: 'text', text })
  listIn(message['images'], `${field}.images`).forEach((image, index) => {
    const base64 = textIn(image, `${field}.images[${index}]`)
    content.push({ type: 'image', mediaType: mediaTypeOf(base64), base64 })
  })
  return content
}

function readCall(value: unknown, field: string, missingId: string): ToolCall {
  const call = objectIn(value, field)
  const fn = objectIn(call['function'], `${field}.function`)
  const id = optionalText(call['id'], `${field}.id`)
  return {
    id: id === undefined || id === '' ? missingId : id,
    name: textIn(fn['name'], `${field}.function.name`),
    arguments: JSON.stringify(optionalObject(fn['arguments'], `${field}.function.arguments`) ?? {}),
  }
}

function readTool(value: unknown, index: number): Tool {
  const field = `tools[${index}].function`
  const fn = objectIn(objectIn(value, `tools[${index}]`)['function'], field)
  return {
    name: textIn(fn['name'], `${field}.name`),
    description: optionalText(fn['description'], `${field}.description`),
    parameters: optionalObject(fn['parameters'], `${field}.parameters`),
    strict: undefined,
  }
}

function readFormat(format: unknown): Format | undefined {
  if (format === undefined || format === null || format === '') return undefined
  if (format === 'json') return { type: 'json' }
  if (isObject(format)) return { type: 'json-schema', name: undefined, schema: format, strict: undefined }
  throw refuse('format must be "json" or a JSON schema.')
}

function readThink(think: unknown): Reasoning | undefined {
  if (think === undefined || think === null) return undefined
  if (typeof think === 'boolean') return think ? 'on' : 'off'
  if (think === 'low' || think === 'medium' || think === 'high' || think === 'max') return think
  throw refuse('think must be true, false, "low", "medium", "high" or "max".')
}
