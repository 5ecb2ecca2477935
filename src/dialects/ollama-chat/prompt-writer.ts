import type { Json } from '../../core/json.ts'
import type { Message, Prompt, Tool } from '../../core/prompt.ts'
import { argumentsObject, parseExactly } from '../answer.ts'
import { asidesAsUser } from '../asides.ts'
import { known, refuse } from '../fields.ts'
import { writeContent } from '../ollama/content.ts'
import { writeManner } from '../ollama/manner.ts'
import { resultsAsText } from '../results.ts'

/** Writes a request. Which tool to call cannot be asked for here: only that one is offered, or none. */
export function writePrompt(prompt: Prompt): Json {
  const { toolChoice } = prompt
  const tools = toolsFor(prompt)
  const messages = asidesAsUser(resultsAsText(prompt.messages)).map(writeMessage)
  if (toolChoice?.type === 'tool' || (toolChoice?.type === 'required' && tools.length > 0)) {
    const which = toolChoice.type === 'tool' ? `the tool ${toolChoice.name}` : 'one of the tools'
    messages.push({ role: 'system', content: `Answer by calling ${which}.` })
  }
  return known({
    model: prompt.model,
    messages,
    tools: tools.length > 0 ? tools.map(writeTool) : undefined,
    ...writeManner(prompt),
  })
}

function toolsFor({ tools, toolChoice }: Prompt): readonly Tool[] {
  if (toolChoice?.type === 'none') return []
  if (toolChoice?.type !== 'tool') return tools
  const chosen = tools.filter((tool) => tool.name === toolChoice.name)
  if (chosen.length === 0) throw refuse(`tool_choice names ${toolChoice.name}, which is none of the tools.`)
  return chosen
}

function writeMessage(message: Message, index: number): Json {
  const { role, content, toolCalls, toolCallId, name } = message
  const { text, thinking, images } = writeContent(content, `messages[${index}]`)
  return known({
    role,
    content: text,
    thinking: thinking || undefined,
    images: images.length > 0 ? images : undefined,
    tool_calls:
      toolCalls.length === 0
        ? undefined
        : toolCalls.map((call, at) => ({
            id: call.id,
            function: { index: at, name: call.name, arguments: parseExactly(argumentsIn(call, index)) },
          })),
    tool_name: role === 'tool' ? name : undefined,
    tool_call_id: toolCallId,
  })
}

function argumentsIn(call: Message['toolCalls'][number], index: number): string {
  try {
    return argumentsObject(call)
  } catch {
    throw refuse(`messages[${index}]: the arguments of the call of ${call.name} must be a JSON object.`)
  }
}

const writeTool = ({ name, description, parameters }: Tool): Json => ({
  type: 'function',
  function: known({ name, description, parameters: parameters ?? { type: 'object', properties: {} } }),
})
