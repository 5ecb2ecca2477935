import type { Json } from '../../core/json.ts'
import type { Message, Prompt } from '../../core/prompt.ts'
import { argumentsObject, parseExactly } from '../answer.ts'
import { refuse } from '../fields.ts'
import { writeBlock } from './block-writer.ts'
import { freshIds } from './ids.ts'

/** One message there: users and assistants take turns, and a user has the first. */
export interface Turn {
  readonly role: 'user' | 'assistant'
  readonly content: readonly Json[]
}

/** A turn while it is gathered: its calls have the ids they came with, and results wait to be put in their place. */
interface Draft {
  readonly role: Turn['role']
  readonly content: Json[]
  readonly results: Message[]
}

/**
 * The turns of a conversation without its instructions. Anthropic is strict about their order: every call is answered in
 * the very next message, by results that stand before anything else, and nothing else is answered there.
 */
export function turnsOf({ messages, continues }: Pick<Prompt, 'messages' | 'continues'>): Turn[] {
  const turns = answered(drafted(messages))
  const last = turns.at(-1)
  if (last?.role === 'assistant') {
    if (continues === true) turns[turns.length - 1] = { ...last, content: trimmed(last.content) }
    // Else it would be carried on where it was to be replied to.
    else turns.push(nothing)
  }
  return turns
}

const textBlock = (text: string): Json => ({ type: 'text', text })

/** What a user says who has nothing to say and has the turn. */
const nothing: Turn = { role: 'user', content: [textBlock('…')] }

function drafted(messages: readonly Message[]): Draft[] {
  const drafts: Draft[] = []
  messages.forEach((message, index) => {
    const role = message.role === 'assistant' ? 'assistant' : 'user'
    const isResult = message.role === 'tool'
    const content = isResult ? [] : [...message.content.flatMap(writeBlock), ...callsOf(message, index)]
    if (!isResult && content.length === 0) return
    let draft = drafts.at(-1)
    if (draft?.role !== role) {
      draft = { role, content: [], results: [] }
      drafts.push(draft)
    }
    draft.content.push(...content)
    if (isResult) draft.results.push(message)
  })
  return drafts
}

function callsOf({ toolCalls }: Message, index: number): Json[] {
  return toolCalls.map((call) => {
    const { id, name } = call
    try {
      return { type: 'tool_use', id, name, input: parseExactly(argumentsObject(call)) }
    } catch {
      throw refuse(`messages[${index}]: the arguments of the call of ${name} must be a JSON object.`)
    }
  })
}

/** A call that is to be answered, by the id it came with and the one it has got. */
interface Open {
  readonly id: unknown
  readonly fresh: string
}

/** Every call with its result and every result with its call, results first. */
function answered(drafts: readonly Draft[]): Turn[] {
  const turns: Turn[] = []
  const freshId = freshIds()
  let open: readonly Open[] = []
  if (drafts[0]?.role !== 'user') turns.push(nothing)
  for (const { role, content, results } of drafts) {
    if (role === 'user') {
      turns.push({ role, content: [...resultsFor(open, results), ...content] })
      open = []
    } else {
      const calls: Open[] = []
      const named = content.map((block) => {
        if (block['type'] !== 'tool_use') return block
        const call = { id: block['id'], fresh: freshId(String(block['id'])) }
        calls.push(call)
        return { ...block, id: call.fresh }
      })
      turns.push({ role, content: named })
      open = calls
    }
  }
  if (open.length > 0) turns.push({ role: 'user', content: resultsFor(open, []) })
  return turns
}

function resultsFor(open: readonly Open[], results: readonly Message[]): Json[] {
  const left = [...results]
  const mine = open.map(({ id, fresh }) => {
    const at = left.findIndex(({ toolCallId }) => toolCallId === id)
    return at < 0 ? noResult(fresh) : writeResult(left.splice(at, 1)[0]!, fresh)
  })
  // What answers no call that stands there is told as what it says.
  return [...mine, ...left.flatMap(writeStray)]
}

function writeResult({ content, isError }: Message, id: string): Json {
  const [first] = content
  return {
    type: 'tool_result',
    tool_use_id: id,
    ...(first !== undefined && {
      content: content.length === 1 && first.type === 'text' ? first.text : content.flatMap(writeBlock),
    }),
    ...(isError === true && { is_error: true }),
  }
}

const noResult = (id: string): Json => ({
  type: 'tool_result',
  tool_use_id: id,
  content: 'There is no result of this call.',
  is_error: true,
})

const writeStray = ({ content }: Message): Json[] => [
  textBlock('The result of an earlier call:'),
  ...content.flatMap(writeBlock),
]

/** A beginning must not end with a blank. */
function trimmed(content: readonly Json[]): readonly Json[] {
  const last = content.at(-1)
  const text = last?.['text']
  return typeof text === 'string' ? [...content.slice(0, -1), { ...last, text: text.trimEnd() }] : content
}
