import type { Json } from '../../core/json.ts'
import type { Content, Format, Message, Prompt, Tool, ToolChoice } from '../../core/prompt.ts'
import { asidesAsUser } from '../asides.ts'
import { known } from '../fields.ts'
import { writeImageUrl } from '../images.ts'
import { writeAudio, writeFile } from '../openai/media.ts'
import { writeEffort, writeSampling } from '../openai/sampling.ts'
import { resultsAsText } from '../results.ts'

/** Writes a request, in the words that local servers know: `max_tokens`, and sampling beyond what OpenAI itself has. */
export function writePrompt(prompt: Prompt): Json {
  const { tools, toolChoice, format, reasoning } = prompt
  return known({
    model: prompt.model,
    messages: asidesAsUser(resultsAsText(prompt.messages)).map(writeMessage),
    stream: prompt.stream,
    max_tokens: prompt.outputTokensMax,
    ...writeSampling(prompt.sampling),
    stop: prompt.stop.length > 0 ? prompt.stop : undefined,
    tools: tools.length > 0 ? tools.map(writeTool) : undefined,
    tool_choice: toolChoice && writeToolChoice(toolChoice),
    parallel_tool_calls: prompt.parallelTools,
    response_format: format && writeFormat(format),
    reasoning_effort: reasoning && writeEffort(reasoning),
    user: prompt.user,
    logprobs: prompt.logprobs === undefined ? undefined : true,
    top_logprobs: prompt.logprobs || undefined,
    prompt_cache_key: prompt.cacheKey,
  })
}

function writeMessage({ role, content, toolCalls, toolCallId, name }: Message): Json {
  const thinking = content
    .filter((one) => one.type === 'thinking')
    .map((one) => one.text)
    .join('')
  return known({
    role,
    content: writeContent(
      content.filter((one) => one.type !== 'thinking'),
      toolCalls.length > 0,
    ),
    reasoning_content: thinking === '' ? undefined : thinking,
    tool_calls:
      toolCalls.length === 0
        ? undefined
        : toolCalls.map((call) => ({
            id: call.id,
            type: 'function',
            function: { name: call.name, arguments: call.arguments || '{}' },
          })),
    tool_call_id: toolCallId,
    // A tool is known by the id of its call; there is no field for its name.
    name: role === 'tool' ? undefined : name,
  })
}

function writeContent(content: readonly Content[], hasCalls: boolean): unknown {
  if (content.length === 0) return hasCalls ? null : ''
  const [first] = content
  if (content.length === 1 && first?.type === 'text') return first.text
  return content.map(writePart)
}

function writePart(one: Content): Json {
  switch (one.type) {
    case 'text':
    case 'thinking':
      return { type: 'text', text: one.text }
    case 'image':
      return { type: 'image_url', image_url: { url: writeImageUrl(one) } }
    case 'image-url':
      return { type: 'image_url', image_url: known({ url: one.url, detail: one.detail }) }
    case 'audio':
      return { type: 'input_audio', input_audio: writeAudio(one) }
    case 'document':
      return { type: 'file', file: writeFile(one) }
  }
}

const writeTool = ({ name, description, parameters, strict }: Tool): Json => ({
  type: 'function',
  function: known({ name, description, parameters, strict }),
})

const writeToolChoice = (choice: ToolChoice): unknown =>
  choice.type === 'tool' ? { type: 'function', function: { name: choice.name } } : choice.type

function writeFormat(format: Format): Json {
  if (format.type === 'json') return { type: 'json_object' }
  const { name, schema, strict } = format
  // The name is required and means nothing to the model.
  return { type: 'json_schema', json_schema: known({ name: name ?? 'answer', schema, strict }) }
}
