import type { Json } from '../../core/json.ts'
import type { Content, Format, Message, Prompt, Reasoning, Tool, ToolCall, ToolChoice } from '../../core/prompt.ts'
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
import { isCallable } from './tools.ts'

/** Reads a request, of either version of the API. What may be cached is for servers to know that cache by being told so. */
export function readPrompt(body: Json): Prompt {
  const choice = optionalObject(body['tool_choice'], 'tool_choice')
  const names = new Map<string, string>()
  const messages = [
    ...readSystem(body['system']),
    ...listIn(body['messages'], 'messages').flatMap((message, index) =>
      readMessage(objectIn(message, `messages.${index}`), `messages.${index}`, names),
    ),
  ]
  return {
    model: modelIn(body),
    messages,
    ...(messages.at(-1)?.role === 'assistant' && { continues: true }),
    stream: optionalFlag(body['stream'], 'stream') ?? false,
    // Zero only warms a cache.
    outputTokensMax: Math.max(1, optionalNumber(body['max_tokens'], 'max_tokens') ?? 1),
    sampling: known({
      temperature: optionalNumber(body['temperature'], 'temperature'),
      topP: optionalNumber(body['top_p'], 'top_p'),
      topK: optionalNumber(body['top_k'], 'top_k'),
    }),
    stop: textsIn(body['stop_sequences'], 'stop_sequences'),
    tools: listIn(body['tools'], 'tools').flatMap((tool, index) => readTool(tool, `tools.${index}`)),
    toolChoice: choice && readToolChoice(choice),
    parallelTools: choice?.['disable_parallel_tool_use'] === true ? false : undefined,
    format: readFormat(optionalObject(body['output_config'], 'output_config')),
    reasoning: readReasoning(body),
    // What Claude Code puts there names a machine and an account, and is for Anthropic only.
    user: undefined,
  }
}

/** Claude Code's first words change with every request, and nothing behind them would be found in a cache. */
const billing = 'x-anthropic-billing-header:'

function readSystem(system: unknown): Message[] {
  const texts =
    typeof system === 'string'
      ? [system]
      : listIn(system, 'system').map((block, index) =>
          textIn(objectIn(block, `system.${index}`)['text'], `system.${index}.text`),
        )
  const said = texts.filter((text) => text !== '' && !text.startsWith(billing))
  return said.length === 0
    ? []
    : [
        message(
          'system',
          said.map((text) => ({ type: 'text', text })),
        ),
      ]
}

const message = (role: Message['role'], content: readonly Content[], more: Partial<Message> = {}): Message => ({
  role,
  content,
  toolCalls: [],
  toolCallId: undefined,
  name: undefined,
  ...more,
})

/** One message may be several elsewhere: the results of tools, and what the user says behind them. */
function readMessage({ role, content }: Json, field: string, names: Map<string, string>): Message[] {
  if (typeof content === 'string')
    return [message(roleIn(role, field), content === '' ? [] : [{ type: 'text', text: content }])]
  const blocks = listIn(content, `${field}.content`).map((block, index) => objectIn(block, `${field}.content.${index}`))
  if (role === 'assistant') return [readAssistant(blocks, field, names)]
  const results: Message[] = []
  const said: Content[] = []
  blocks.forEach((block, index) => {
    const at = `${field}.content.${index}`
    if (block['type'] === 'tool_result') results.push(readResult(block, at, names))
    else said.push(...readBlock(block, at))
  })
  return said.length > 0 || results.length === 0 ? [...results, message(roleIn(role, field), said)] : results
}

function roleIn(role: unknown, field: string): Message['role'] {
  if (role === 'user' || role === 'assistant' || role === 'system') return role
  throw refuse(`${field}.role must be user, assistant or system.`)
}

function readAssistant(blocks: readonly Json[], field: string, names: Map<string, string>): Message {
  const content: Content[] = []
  const toolCalls: ToolCall[] = []
  blocks.forEach((block, index) => {
    const at = `${field}.content.${index}`
    if (block['type'] !== 'tool_use') content.push(...readBlock(block, at))
    else {
      const id = textIn(block['id'], `${at}.id`)
      const name = textIn(block['name'], `${at}.name`)
      names.set(id, name)
      toolCalls.push({ id, name, arguments: JSON.stringify(optionalObject(block['input'], `${at}.input`) ?? {}) })
    }
  })
  return message('assistant', content, { toolCalls })
}

function readResult(block: Json, field: string, names: ReadonlyMap<string, string>): Message {
  const id = textIn(block['tool_use_id'], `${field}.tool_use_id`)
  const { content } = block
  const said =
    typeof content === 'string'
      ? texts(content)
      : listIn(content, `${field}.content`).flatMap((part, index) =>
          readBlock(objectIn(part, `${field}.content.${index}`), `${field}.content.${index}`),
        )
  const isError = optionalFlag(block['is_error'], `${field}.is_error`)
  return message('tool', said, { toolCallId: id, name: names.get(id), ...(isError === true && { isError }) })
}

const texts = (text: string): Content[] => (text === '' ? [] : [{ type: 'text', text }])

function readBlock(block: Json, field: string): Content[] {
  switch (block['type']) {
    case 'text':
      return texts(textIn(block['text'], `${field}.text`))
    case 'image':
      return [readImage(objectIn(block['source'], `${field}.source`), `${field}.source`)]
    case 'document':
      return [readDocument(block, objectIn(block['source'], `${field}.source`), `${field}.source`)]
    case 'thinking':
      return [readThought(block, field)]
    case 'redacted_thinking':
      return [{ type: 'thinking', text: '', sealed: textIn(block['data'], `${field}.data`) }]
    case 'search_result':
      return readFound(block, field)
    default:
      throw refuse(
        `${field}: a block of type ${JSON.stringify(block['type'])} cannot be given to the server for this model.`,
      )
  }
}

function readThought({ thinking, signature }: Json, field: string): Content {
  const text = textIn(thinking, `${field}.thinking`)
  const signed = optionalText(signature, `${field}.signature`)
  return { type: 'thinking', text, ...(signed !== undefined && signed !== '' && { signature: signed }) }
}

function readImage(source: Json, field: string): Content {
  if (source['type'] === 'base64') {
    const mediaType = textIn(source['media_type'], `${field}.media_type`)
    return { type: 'image', mediaType, base64: textIn(source['data'], `${field}.data`) }
  }
  if (source['type'] === 'url') return { type: 'image-url', url: textIn(source['url'], `${field}.url`) }
  throw refuse(`${field}: only pictures as base64 or by address can be given to the server for this model.`)
}

function readDocument(block: Json, source: Json, field: string): Content {
  const data = source['data']
  if (source['type'] === 'text') return { type: 'text', text: textIn(data, `${field}.data`) }
  if (source['type'] !== 'base64')
    throw refuse(`${field}: only documents as base64 or as text can be given to the server for this model.`)
  const title = optionalText(block['title'], 'title')
  return {
    type: 'document',
    mediaType: textIn(source['media_type'], `${field}.media_type`),
    base64: textIn(data, `${field}.data`),
    ...(title !== undefined && { title }),
  }
}

/** What a search found, as it would be quoted. */
function readFound(block: Json, field: string): Content[] {
  const title = optionalText(block['title'], `${field}.title`)
  const source = optionalText(block['source'], `${field}.source`)
  const found = listIn(block['content'], `${field}.content`).map((part, index) =>
    textIn(objectIn(part, `${field}.content.${index}`)['text'], `${field}.content.${index}.text`),
  )
  return texts([title, source, ...found].filter((line) => line !== undefined).join('\n'))
}

function readTool(value: unknown, field: string): Tool[] {
  const tool = objectIn(value, field)
  if (!isCallable(tool)) return []
  return [
    {
      name: textIn(tool['name'], `${field}.name`),
      description: optionalText(tool['description'], `${field}.description`),
      parameters: optionalObject(tool['input_schema'], `${field}.input_schema`),
      strict: optionalFlag(tool['strict'], `${field}.strict`),
    },
  ]
}

function readToolChoice({ type, name }: Json): ToolChoice {
  if (type === 'auto' || type === 'none') return { type }
  if (type === 'any') return { type: 'required' }
  if (type === 'tool') return { type: 'tool', name: textIn(name, 'tool_choice.name') }
  throw refuse('tool_choice.type must be auto, any, tool or none.')
}

function readFormat(config: Json | undefined): Format | undefined {
  const format = optionalObject(config?.['format'], 'output_config.format')
  if (format === undefined) return undefined
  if (format['type'] !== 'json_schema') throw refuse('output_config.format.type must be json_schema.')
  const schema = objectIn(format['schema'], 'output_config.format.schema')
  return { type: 'json-schema', name: undefined, schema, strict: undefined }
}

const efforts: ReadonlyMap<unknown, Reasoning> = new Map<unknown, Reasoning>([
  ['low', 'low'],
  ['medium', 'medium'],
  ['high', 'high'],
  ['xhigh', 'max'],
  ['max', 'max'],
])

/** Up to which budget a level goes. */
const levels: readonly (readonly [tokens: number, level: Reasoning])[] = [
  [2_048, 'low'],
  [8_192, 'medium'],
  [32_768, 'high'],
]

function readReasoning(body: Json): Reasoning | undefined {
  const thinking = optionalObject(body['thinking'], 'thinking')
  const effort = efforts.get(optionalObject(body['output_config'], 'output_config')?.['effort'])
  switch (thinking?.['type']) {
    case undefined:
      return undefined
    case 'disabled':
      return 'off'
    case 'adaptive':
    case 'between_tools':
      return effort ?? 'on'
    case 'enabled': {
      const budget = optionalNumber(thinking['budget_tokens'], 'thinking.budget_tokens')
      return effort ?? (budget === undefined ? 'on' : (levels.find(([tokens]) => budget <= tokens)?.[1] ?? 'max'))
    }
    default:
      throw refuse('thinking.type must be enabled, disabled or adaptive.')
  }
}
