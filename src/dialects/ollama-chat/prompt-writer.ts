import type { Json } from '../../core/json.ts'
import type { Content, Message, Prompt, Reasoning, Tool } from '../../core/prompt.ts'
import { argumentsObject, parseExactly } from '../answer.ts'
import { known, refuse } from '../fields.ts'

/** Writes a request. Which tool to call cannot be asked for here: only that one is offered, or none. */
export function writePrompt(prompt: Prompt): Json {
  const { format, reasoning, toolChoice } = prompt
  const options = writeOptions(prompt)
  const tools = toolsFor(prompt)
  const messages = prompt.messages.map(writeMessage)
  if (toolChoice?.type === 'tool' || (toolChoice?.type === 'required' && tools.length > 0)) {
    const which = toolChoice.type === 'tool' ? `the tool ${toolChoice.name}` : 'one of the tools'
    messages.push({ role: 'system', content: `Answer by calling ${which}.` })
  }
  return known({
    model: prompt.model,
    messages,
    stream: prompt.stream,
    format: format && (format.type === 'json' ? 'json' : format.schema),
    options: Object.keys(options).length > 0 ? options : undefined,
    tools: tools.length > 0 ? tools.map(writeTool) : undefined,
    think: reasoning && thinks[reasoning],
  })
}

function writeOptions({ outputTokensMax, sampling, stop }: Prompt): Json {
  return known({
    num_predict: outputTokensMax,
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_k: sampling.topK,
    min_p: sampling.minP,
    seed: sampling.seed,
    frequency_penalty: sampling.frequencyPenalty,
    presence_penalty: sampling.presencePenalty,
    repeat_penalty: sampling.repeatPenalty,
    stop: stop.length > 0 ? stop : undefined,
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
  const textOf = (type: 'text' | 'thinking'): string =>
    content
      .filter((one) => one.type === type)
      .map((one) => ('text' in one ? one.text : ''))
      .join('\n')
  const images = content.flatMap((one) => imageOf(one, index))
  return known({
    role,
    content: textOf('text'),
    thinking: textOf('thinking') || undefined,
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

function imageOf(content: Content, index: number): string[] {
  if (content.type === 'image') return [content.base64]
  if (content.type !== 'image-url') return []
  throw refuse(
    `messages[${index}]: the server for this model takes no addresses of pictures; send the picture itself as data:<type>;base64,<data>.`,
  )
}

const writeTool = ({ name, description, parameters }: Tool): Json => ({
  type: 'function',
  function: known({ name, description, parameters: parameters ?? { type: 'object', properties: {} } }),
})

const thinks: Readonly<Record<Reasoning, boolean | string>> = {
  off: false,
  on: true,
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  max: 'max',
}
