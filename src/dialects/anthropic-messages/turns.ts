import type { Json } from '../../core/json.ts'
import type { Message } from '../../core/prompt.ts'
import { argumentsObject, parseExactly } from '../answer.ts'
import { refuse } from '../fields.ts'
import { writeBlock } from './blocks.ts'
import { plainId } from './ids.ts'

/** One message there: users and assistants take turns, and a user has the first. */
export interface Turn {
  readonly role: 'user' | 'assistant'
  readonly content: Json[]
}

/**
 * The turns of a conversation without its instructions. Anthropic is strict about their order: every call is answered in
 * the very next message, by results that stand before anything else, and nothing else is answered there.
 */
export function turnsOf(messages: readonly Message[]): Turn[] {
  const turns: Turn[] = []
  messages.forEach((message, index) => {
    const role = message.role === 'assistant' ? 'assistant' : 'user'
    const content =
      message.role === 'tool'
        ? [resultOf(message)]
        : [...message.content.flatMap(writeBlock), ...callsOf(message, index)]
    if (content.length === 0) return
    const last = turns.at(-1)
    if (last?.role === role) last.content.push(...content)
    else turns.push({ role, content })
  })
  if (turns[0]?.role !== 'user') turns.unshift({ role: 'user', content: [textBlock('…')] })
  return answered(turns)
}

const textBlock = (text: string): Json => ({ type: 'text', text })

function callsOf({ toolCalls }: Message, index: number): Json[] {
  return toolCalls.map((call) => {
    const { id, name } = call
    try {
      return { type: 'tool_use', id: plainId(id), name, input: parseExactly(argumentsObject(call)) }
    } catch {
      throw refuse(`messages[${index}]: the arguments of the call of ${name} must be a JSON object.`)
    }
  })
}

function resultOf({ content, toolCallId = '', isError }: Message): Json {
  const [first] = content
  return {
    type: 'tool_result',
    tool_use_id: plainId(toolCallId),
    ...(first !== undefined && {
      content: content.length === 1 && first.type === 'text' ? first.text : content.flatMap(writeBlock),
    }),
    ...(isError === true && { is_error: true }),
  }
}

const idOf = (block: Json): unknown => (block['type'] === 'tool_use' ? block['id'] : block['tool_use_id'])

/** Every call with its result and every result with its call, results first. */
function answered(turns: readonly Turn[]): Turn[] {
  const out: Turn[] = []
  let calls: unknown[] = []
  const answer = (content: readonly Json[]): Json[] => {
    const results = content.filter((block) => block['type'] === 'tool_result')
    const mine = calls.map((id) => results.find((result) => idOf(result) === id) ?? noResult(id))
    // What answers no call that stands there is told as what it says.
    const strays = results.filter((result) => !mine.includes(result)).map(strayText)
    return [...mine, ...strays, ...content.filter((block) => block['type'] !== 'tool_result')]
  }
  for (const { role, content } of turns) {
    if (role === 'user') {
      out.push({ role, content: answer(content) })
      calls = []
    } else {
      calls = content.filter((block) => block['type'] === 'tool_use').map(idOf)
      out.push({ role, content: [...content] })
    }
  }
  if (calls.length > 0) out.push({ role: 'user', content: answer([]) })
  return out
}

const noResult = (id: unknown): Json => ({
  type: 'tool_result',
  tool_use_id: id,
  content: 'There is no result of this call.',
  is_error: true,
})

function strayText({ content }: Json): Json {
  const text = typeof content === 'string' ? content : JSON.stringify(content ?? '')
  return textBlock(`The result of an earlier call: ${text}`)
}
