import type { Json } from '../../core/json.ts'
import type { Content, Format, Message, Prompt } from '../../core/prompt.ts'
import { asidesAsUser } from '../asides.ts'
import { known } from '../fields.ts'
import { writeImageUrl } from '../images.ts'
import { writeAudio, writeFile } from '../openai/media.ts'
import { writeEffort, writeSampling } from '../openai/sampling.ts'
import { said as failed } from '../results.ts'
import { logprobsIncluded } from './prompt-reader.ts'
import { writeTool, writeToolChoice } from './tools.ts'

/** Writes a request, with the sampling that local servers know beyond what OpenAI itself has. */
export function writePrompt(prompt: Prompt): Json {
  const { tools, toolChoice, format, reasoning, logprobs } = prompt
  const [instructions, messages] = apart(asidesAsUser(prompt.messages))
  return known({
    model: prompt.model,
    instructions,
    input: messages.flatMap(writeMessage),
    stream: prompt.stream,
    // All is told anew with every turn.
    store: false,
    max_output_tokens: prompt.outputTokensMax,
    ...writeSampling(prompt.sampling),
    stop: prompt.stop.length > 0 ? prompt.stop : undefined,
    tools: tools.length > 0 ? tools.map(writeTool) : undefined,
    tool_choice: toolChoice && writeToolChoice(toolChoice),
    parallel_tool_calls: prompt.parallelTools,
    text: format && { format: writeFormat(format) },
    reasoning: reasoning && { effort: writeEffort(reasoning) },
    user: prompt.user,
    include: logprobs === undefined ? undefined : [logprobsIncluded],
    top_logprobs: logprobs || undefined,
    prompt_cache_key: prompt.cacheKey,
  })
}

/** The instructions, where there are some in one piece, and the messages behind them. */
function apart(messages: readonly Message[]): [instructions: string | undefined, messages: readonly Message[]] {
  const [first, ...rest] = messages
  const [only, ...more] = first?.role === 'system' ? first.content : []
  return only?.type === 'text' && more.length === 0 ? [only.text, rest] : [undefined, messages]
}

function writeMessage(message: Message, at: number): Json[] {
  const { role, content, toolCalls, toolCallId, isError } = message
  if (role === 'assistant') return [...writeSaid(content, toolCalls.length > 0, at), ...toolCalls.map(writeCall)]
  if (role === 'tool')
    return [
      {
        type: 'function_call_output',
        call_id: toolCallId,
        output: writeContent(isError === true ? failed(message) : content),
      },
    ]
  return [{ type: 'message', role, content: writeContent(content) }]
}

/** What an assistant said, in items of text and items of thoughts. Servers insist on ids, and on nothing about them. */
function writeSaid(content: readonly Content[], hasCalls: boolean, at: number): Json[] {
  const runs: { readonly isThought: boolean; readonly parts: Json[] }[] = []
  for (const one of content) {
    // Sealed thoughts have no text, and are nobody else's.
    if (one.type === 'thinking' && one.text === '') continue
    const isThought = one.type === 'thinking'
    if (runs.at(-1)?.isThought !== isThought) runs.push({ isThought, parts: [] })
    runs.at(-1)!.parts.push(writeSaidPart(one))
  }
  if (runs.length === 0 && !hasCalls) runs.push({ isThought: false, parts: [] })
  return runs.map(({ isThought, parts }, index) =>
    isThought
      ? { type: 'reasoning', id: `rs_${at}_${index}`, summary: [], content: parts }
      : { type: 'message', id: `msg_${at}_${index}`, role: 'assistant', status: 'completed', content: parts },
  )
}

function writeSaidPart(one: Content): Json {
  if (one.type === 'thinking') return { type: 'reasoning_text', text: one.text }
  return one.type === 'text' ? { type: 'output_text', text: one.text, annotations: [] } : writePart(one)
}

const writeCall = ({ id, name, arguments: args }: Message['toolCalls'][number]): Json => ({
  type: 'function_call',
  call_id: id,
  name,
  arguments: args || '{}',
})

function writeContent(content: readonly Content[]): unknown {
  if (content.length === 0) return ''
  const [first] = content
  if (content.length === 1 && first?.type === 'text') return first.text
  return content.map(writePart)
}

function writePart(one: Content): Json {
  switch (one.type) {
    case 'text':
    case 'thinking':
      return { type: 'input_text', text: one.text }
    case 'image':
      return { type: 'input_image', image_url: writeImageUrl(one), detail: 'auto' }
    case 'image-url':
      return { type: 'input_image', image_url: one.url, detail: one.detail ?? 'auto' }
    case 'audio':
      return { type: 'input_audio', input_audio: writeAudio(one) }
    case 'document':
      return { type: 'input_file', ...writeFile(one) }
  }
}

function writeFormat(format: Format): Json {
  if (format.type === 'json') return { type: 'json_object' }
  const { name, schema, strict } = format
  // The name is required and means nothing to the model.
  return known({ type: 'json_schema', name: name ?? 'answer', schema, strict })
}
