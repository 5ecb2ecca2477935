import type { Json } from '../../core/json.ts'
import type { Content, Message, Prompt, Tool, ToolCall } from '../../core/prompt.ts'
import { listIn, objectIn, optionalObject, optionalText, refuse, textIn } from '../fields.ts'
import { readImages } from '../ollama/content.ts'
import { readManner } from '../ollama/manner.ts'

/** Reads a request. What only concerns Ollama's own housekeeping (`keep_alive`, how a model is loaded) has no meaning elsewhere. */
export function readPrompt(body: Json): Prompt {
  const open: ToolCall[] = []
  return {
    ...readManner(body),
    messages: listIn(body['messages'], 'messages').map((message, index) => readMessage(message, index, open)),
    tools: listIn(body['tools'], 'tools').map(readTool),
    toolChoice: undefined,
    parallelTools: undefined,
    user: undefined,
  }
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
  content.push(...readImages(message['images'], `${field}.images`))
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
