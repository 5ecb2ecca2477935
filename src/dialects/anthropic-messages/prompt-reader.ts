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
import { readBlock, texts } from './block-reader.ts'
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
  const tools = listIn(body['tools'], 'tools').flatMap((tool, index) => readTool(tool, `tools.${index}`))
  return {
    model: modelIn(body),
    messages,
    ...(messages.at(-1)?.role === 'assistant' && { continues: true }),
    stream: optionalFlag(body['stream'], 'stream') ?? false,
    outputTokensMax: outputLimit(optionalNumber(body['max_tokens'], 'max_tokens') ?? 1),
    sampling: known({
      temperature: optionalNumber(body['temperature'], 'temperature'),
      topP: optionalNumber(body['top_p'], 'top_p'),
      topK: optionalNumber(body['top_k'], 'top_k'),
    }),
    stop: textsIn(body['stop_sequences'], 'stop_sequences'),
    tools,
    toolChoice: choice && readToolChoice(choice, tools),
    parallelTools: choice?.['disable_parallel_tool_use'] === true ? false : undefined,
    format: readFormat(optionalObject(body['output_config'], 'output_config')),
    reasoning: readReasoning(body),
    user: readUser(optionalObject(body['metadata'], 'metadata')),
  }
}

/** Zero only warms a cache; to others it would mean no limit. */
export const outputLimit = (limit: number): number => Math.max(1, Math.ceil(limit))

/** What Claude Code puts there names a machine and an account, and is for Anthropic only. */
const claudeCodeUser = /^user_.*_account_.*_session_|"(device_id|account_uuid|session_id)"/

function readUser(metadata: Json | undefined): string | undefined {
  const user = optionalText(metadata?.['user_id'], 'metadata.user_id')
  return user === undefined || claudeCodeUser.test(user) ? undefined : user
}

/** Claude Code's first words change with every request, and nothing behind them would be found in a cache. */
const billing = /^x-anthropic-billing-header:[^\n]*\n*/

function readSystem(system: unknown): Message[] {
  const blocks =
    typeof system === 'string'
      ? [system]
      : listIn(system, 'system').map((block, index) =>
          textIn(objectIn(block, `system.${index}`)['text'], `system.${index}.text`),
        )
  const billed = blocks.findIndex((text) => billing.test(text))
  const said = blocks
    .map((text, at) => (at === billed ? text.replace(billing, '') : text))
    .filter((text) => text !== '')
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

function readToolChoice({ type, name }: Json, tools: readonly Tool[]): ToolChoice | undefined {
  switch (type) {
    case 'auto':
    case 'none':
      return tools.length === 0 ? undefined : { type }
    case 'any':
      if (tools.length > 0) return { type: 'required' }
      throw refuse('tool_choice: there is no tool that the server for this model could call.')
    case 'tool': {
      const wanted = textIn(name, 'tool_choice.name')
      if (tools.some((tool) => tool.name === wanted)) return { type: 'tool', name: wanted }
      throw refuse(`tool_choice: the server for this model has no tool ${JSON.stringify(wanted)} to call.`)
    }
    default:
      throw refuse('tool_choice.type must be auto, any, tool or none.')
  }
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
