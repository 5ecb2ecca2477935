import { isObject, type Json } from '../../core/json.ts'
import type { Content, Format, Message, Prompt, Tool, ToolCall, ToolChoice } from '../../core/prompt.ts'
import {
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
import { readImageUrl } from '../images.ts'
import { readAudio, readFile } from '../openai/media.ts'
import { readEffort, readSampling } from '../openai/sampling.ts'

/** Reads a request. What no other dialect could say is refused here rather than lost on the way. */
export function readPrompt(body: Json): Prompt {
  refuseUnsayable(body)
  const calls = new Map<string, string>()
  return {
    model: modelIn(body),
    messages: listIn(body['messages'], 'messages').map((message, index) =>
      readMessage(message, `messages[${index}]`, calls),
    ),
    stream: optionalFlag(body['stream'], 'stream') ?? false,
    outputTokensMax: readLimit(body),
    sampling: readSampling(body),
    stop: textsIn(body['stop'], 'stop'),
    tools: listIn(body['tools'], 'tools').map(readTool),
    toolChoice: readToolChoice(body['tool_choice']),
    parallelTools: optionalFlag(body['parallel_tool_calls'], 'parallel_tool_calls'),
    format: readFormat(optionalObject(body['response_format'], 'response_format')),
    reasoning: readEffort(body['reasoning_effort'], 'reasoning_effort'),
    user: optionalText(body['user'], 'user'),
    logprobs: body['logprobs'] === true ? (optionalNumber(body['top_logprobs'], 'top_logprobs') ?? 0) : undefined,
    cacheKey: optionalText(body['prompt_cache_key'], 'prompt_cache_key'),
  }
}

function refuseUnsayable(body: Json): void {
  const { n, logit_bias: bias, modalities } = body
  if (typeof n === 'number' && n > 1) throw refuse('n must be 1: the server for this model gives one answer at a time.')
  if (isObject(bias) && Object.keys(bias).length > 0)
    throw refuse('logit_bias is not known to the server for this model.')
  if (body['functions'] !== undefined) throw refuse('functions are out of use: send tools instead.')
  if (Array.isArray(modalities) && modalities.includes('audio'))
    throw refuse('modalities: the server for this model answers in text only.')
}

function readLimit(body: Json): number | undefined {
  const field =
    body['max_completion_tokens'] === undefined || body['max_completion_tokens'] === null
      ? 'max_tokens'
      : 'max_completion_tokens'
  const limit = optionalNumber(body[field], field)
  // Zero would mean no limit at all to Ollama.
  if (limit === 0) throw refuse(`${field} must be at least 1.`)
  return limit === undefined || limit < 0 ? undefined : limit
}

/** `calls` gathers the names behind the ids, for the results that follow. */
function readMessage(value: unknown, field: string, calls: Map<string, string>): Message {
  const message = objectIn(value, field)
  const role = readRole(message['role'], field)
  const toolCalls =
    role === 'assistant'
      ? listIn(message['tool_calls'], `${field}.tool_calls`).map((call, index) =>
          readCall(call, `${field}.tool_calls[${index}]`),
        )
      : []
  for (const call of toolCalls) calls.set(call.id, call.name)
  const toolCallId = role === 'tool' ? textIn(message['tool_call_id'], `${field}.tool_call_id`) : undefined
  const thinking = role === 'assistant' ? (message['reasoning_content'] ?? message['reasoning']) : undefined
  const content = readContent(message['content'] ?? message['refusal'], `${field}.content`)
  return {
    role,
    content:
      typeof thinking === 'string' && thinking !== '' ? [{ type: 'thinking', text: thinking }, ...content] : content,
    toolCalls,
    toolCallId,
    name:
      optionalText(message['name'], `${field}.name`) ?? (toolCallId === undefined ? undefined : calls.get(toolCallId)),
  }
}

function readRole(role: unknown, field: string): Message['role'] {
  if (role === 'developer') return 'system'
  if (role === 'system' || role === 'user' || role === 'assistant' || role === 'tool') return role
  throw refuse(`${field}.role must be system, developer, user, assistant or tool.`)
}

function readContent(content: unknown, field: string): Content[] {
  if (content === undefined || content === null || content === '') return []
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return listIn(content, field).map((part, index) =>
    readPart(objectIn(part, `${field}[${index}]`), `${field}[${index}]`),
  )
}

function readPart(part: Json, field: string): Content {
  switch (part['type']) {
    case 'text':
      return { type: 'text', text: textIn(part['text'], `${field}.text`) }
    case 'refusal':
      return { type: 'text', text: textIn(part['refusal'], `${field}.refusal`) }
    case 'image_url': {
      const image = part['image_url']
      const { url, detail } =
        typeof image === 'string' ? { url: image, detail: undefined } : objectIn(image, `${field}.image_url`)
      return readImageUrl(
        textIn(url, `${field}.image_url.url`),
        `${field}.image_url.url`,
        optionalText(detail, `${field}.image_url.detail`),
      )
    }
    case 'input_audio':
      return readAudio(part['input_audio'], `${field}.input_audio`)
    case 'file':
      return readFile(objectIn(part['file'], `${field}.file`), `${field}.file`)
    default:
      throw refuse(
        `${field}: a part of type ${JSON.stringify(part['type'])} cannot be given to the server for this model.`,
      )
  }
}

function readCall(value: unknown, field: string): ToolCall {
  const call = objectIn(value, field)
  const fn = objectIn(call['function'], `${field}.function`)
  const { arguments: said } = fn
  return {
    id: textIn(call['id'], `${field}.id`),
    name: textIn(fn['name'], `${field}.function.name`),
    // Some clients hand on the object they got.
    arguments: isObject(said) ? JSON.stringify(said) : (optionalText(said, `${field}.function.arguments`) ?? ''),
  }
}

function readTool(value: unknown, index: number): Tool {
  const field = `tools[${index}]`
  const tool = objectIn(value, field)
  if (tool['type'] !== undefined && tool['type'] !== 'function') {
    throw refuse(
      `${field}: a tool of type ${JSON.stringify(tool['type'])} cannot be given to the server for this model.`,
    )
  }
  const fn = objectIn(tool['function'], `${field}.function`)
  return {
    name: textIn(fn['name'], `${field}.function.name`),
    description: optionalText(fn['description'], `${field}.function.description`),
    parameters: optionalObject(fn['parameters'], `${field}.function.parameters`),
    strict: optionalFlag(fn['strict'], `${field}.function.strict`),
  }
}

function readToolChoice(choice: unknown): ToolChoice | undefined {
  if (choice === undefined || choice === null) return undefined
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { type: choice }
  const fn = isObject(choice) ? choice['function'] : undefined
  if (isObject(fn) && typeof fn['name'] === 'string') return { type: 'tool', name: fn['name'] }
  throw refuse('tool_choice must be "none", "auto", "required" or {"type": "function", "function": {"name": …}}.')
}

function readFormat(format: Json | undefined): Format | undefined {
  switch (format?.['type']) {
    case undefined:
    case 'text':
      return undefined
    case 'json_object':
      // llama-server takes a schema here as well.
      return isObject(format['schema'])
        ? { type: 'json-schema', name: undefined, schema: format['schema'], strict: undefined }
        : { type: 'json' }
    case 'json_schema': {
      const field = 'response_format.json_schema'
      const { name, schema, strict } = objectIn(format['json_schema'], field)
      return {
        type: 'json-schema',
        name: optionalText(name, `${field}.name`),
        schema: objectIn(schema, `${field}.schema`),
        strict: optionalFlag(strict, `${field}.strict`),
      }
    }
    default:
      throw refuse('response_format.type must be text, json_object or json_schema.')
  }
}
