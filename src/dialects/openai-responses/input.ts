import { isObject, type Json } from '../../core/json.ts'
import type { Content, Message, ToolCall } from '../../core/prompt.ts'
import { listIn, objectIn, optionalText, refuse, textIn } from '../fields.ts'
import { readImageUrl } from '../images.ts'
import { readAudio, readFile } from '../openai/media.ts'
import { argumentsOfFreeText } from './tools.ts'

/** Reads what was said so far. Here every thought and every call is an item of its own. */
export function readInput(instructions: unknown, input: unknown): Message[] {
  const transcript = new Transcript()
  const system = optionalText(instructions, 'instructions')
  if (system !== undefined && system !== '') transcript.add(messageOf('system', readContent(system, 'instructions')))
  if (typeof input === 'string') transcript.add(messageOf('user', readContent(input, 'input')))
  else listIn(input, 'input').forEach((item, index) => readItem(item, `input[${index}]`, transcript))
  return transcript.messages
}

/** Puts together what an assistant says in a row: thoughts, texts and calls are one message. */
class Transcript {
  readonly messages: Message[] = []
  readonly #names = new Map<string, string>()
  #turn: { readonly content: Content[]; readonly toolCalls: ToolCall[] } | undefined

  add(message: Message): void {
    this.#turn = undefined
    this.messages.push(message)
  }

  say(content: readonly Content[]): void {
    this.#assistant().content.push(...content)
  }

  call(call: ToolCall): void {
    this.#names.set(call.id, call.name)
    this.#assistant().toolCalls.push(call)
  }

  result(toolCallId: string, content: readonly Content[]): void {
    this.add({ ...messageOf('tool', content), toolCallId, name: this.#names.get(toolCallId) })
  }

  #assistant(): { readonly content: Content[]; readonly toolCalls: ToolCall[] } {
    if (this.#turn === undefined) {
      this.#turn = { content: [], toolCalls: [] }
      this.messages.push({ ...messageOf('assistant', []), ...this.#turn })
    }
    return this.#turn
  }
}

const messageOf = (role: Message['role'], content: readonly Content[]): Message => ({
  role,
  content,
  toolCalls: [],
  toolCallId: undefined,
  name: undefined,
})

/** Traces of tools that OpenAI ran itself: what they found is told in the text behind them. */
const traces: ReadonlySet<unknown> = new Set([
  'web_search_call',
  'file_search_call',
  'code_interpreter_call',
  'mcp_list_tools',
])

function readItem(value: unknown, field: string, transcript: Transcript): void {
  const item = objectIn(value, field)
  const { type } = item
  switch (type) {
    case undefined:
    case 'message': {
      const content = readContent(item['content'], `${field}.content`)
      const role = readRole(item['role'], field)
      if (role === 'assistant') transcript.say(content)
      else transcript.add(messageOf(role, content))
      return
    }
    case 'reasoning':
      return transcript.say(readThoughts(item, field))
    case 'function_call':
      return transcript.call({
        id: textIn(item['call_id'], `${field}.call_id`),
        name: textIn(item['name'], `${field}.name`),
        arguments: argumentsIn(item['arguments'], `${field}.arguments`),
      })
    case 'custom_tool_call':
      return transcript.call({
        id: textIn(item['call_id'], `${field}.call_id`),
        name: textIn(item['name'], `${field}.name`),
        arguments: argumentsOfFreeText(textIn(item['input'], `${field}.input`)),
      })
    case 'function_call_output':
    case 'custom_tool_call_output':
      return transcript.result(
        textIn(item['call_id'], `${field}.call_id`),
        readContent(item['output'], `${field}.output`),
      )
    default:
      if (traces.has(type)) return
      throw refuse(`${field}: an item of type ${JSON.stringify(type)} cannot be given to the server for this model.`)
  }
}

function readRole(role: unknown, field: string): Message['role'] {
  if (role === 'developer') return 'system'
  if (role === 'system' || role === 'user' || role === 'assistant') return role
  throw refuse(`${field}.role must be user, assistant, system or developer.`)
}

// Some clients hand on the object they got.
const argumentsIn = (said: unknown, field: string): string =>
  isObject(said) ? JSON.stringify(said) : (optionalText(said, field) ?? '')

/** The thoughts themselves where they are told, else their summary. What is encrypted, only its own service can read. */
function readThoughts(item: Json, field: string): Content[] {
  const text =
    listIn(item['content'], `${field}.content`).map(textOf).join('') ||
    listIn(item['summary'], `${field}.summary`).map(textOf).join('\n\n')
  return text === '' ? [] : [{ type: 'thinking', text }]
}

const textOf = (part: unknown): string => (isObject(part) && typeof part['text'] === 'string' ? part['text'] : '')

function readContent(content: unknown, field: string): Content[] {
  if (content === undefined || content === null || content === '') return []
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return listIn(content, field).map((part, index) =>
    readPart(objectIn(part, `${field}[${index}]`), `${field}[${index}]`),
  )
}

function readPart(part: Json, field: string): Content {
  switch (part['type']) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return { type: 'text', text: textIn(part['text'], `${field}.text`) }
    case 'refusal':
      return { type: 'text', text: textIn(part['refusal'], `${field}.refusal`) }
    case 'input_image': {
      const { image_url: url, detail } = part
      if (typeof url !== 'string')
        throw refuse(`${field}.image_url must be a string: files kept at OpenAI cannot be given to this server.`)
      // The usual detail is what comes without one.
      return readImageUrl(
        url,
        `${field}.image_url`,
        detail === 'auto' ? undefined : optionalText(detail, `${field}.detail`),
      )
    }
    case 'input_audio':
      return readAudio(part['input_audio'], `${field}.input_audio`)
    case 'input_file':
      return readFile(part, field)
    default:
      throw refuse(
        `${field}: a part of type ${JSON.stringify(part['type'])} cannot be given to the server for this model.`,
      )
  }
}
