import type { Json } from '../../core/json.ts'
import type { Message, Prompt, Tool } from '../../core/prompt.ts'
import { asidesAsUser } from '../asides.ts'
import { known, refuse } from '../fields.ts'
import { measureOf } from './thinking.ts'
import { turnsOf } from './turns.ts'
import { refuseWordless } from './wordless.ts'

/**
 * Writes a request. Of the sampling only the temperature goes along where there are both, since newer models refuse to
 * have them together.
 */
export function writePrompt(prompt: Prompt): Json {
  refuseWordless(prompt)
  const { model, stream, tools, user, format } = prompt
  const start = prompt.messages.findIndex(({ role }) => role !== 'system')
  const leading = start === -1 ? prompt.messages : prompt.messages.slice(0, start)
  const said = start === -1 ? [] : asidesAsUser(prompt.messages.slice(start))
  const turns = turnsOf({ messages: said, continues: prompt.continues })
  const { limit, thinking } = measureOf(prompt, turns)
  return known({
    model,
    max_tokens: limit,
    system: systemText(leading, prompt),
    messages: turns,
    stream,
    // With thoughts a model samples as it does by itself.
    ...(thinking?.['type'] !== 'enabled' && writeSampling(prompt)),
    stop_sequences: writeStops(prompt),
    tools: tools.length > 0 ? tools.map(writeTool) : undefined,
    tool_choice: writeToolChoice(prompt),
    thinking,
    output_config:
      format?.type === 'json-schema' ? { format: { type: 'json_schema', schema: format.schema } } : undefined,
    metadata: user === undefined ? undefined : { user_id: user },
  })
}

/** Without the one at which it was to stop, an answer would go on. */
function writeStops({ stop }: Prompt): readonly string[] | undefined {
  const stops = stop.filter((text) => text !== '')
  if (stops.some((text) => text.trim() === ''))
    throw refuse('stop: the server for this model does not stop at nothing but blanks and line breaks.')
  return stops.length > 0 ? stops : undefined
}

function systemText(leading: readonly Message[], { format }: Prompt): string | undefined {
  const texts = leading.flatMap(({ content }) => content.flatMap((one) => (one.type === 'text' ? [one.text] : [])))
  // There is no word for JSON of any shape.
  if (format?.type === 'json') texts.push('Answer with one JSON object and nothing else.')
  const said = texts.filter((text) => text.trim() !== '')
  return said.length === 0 ? undefined : said.join('\n\n')
}

function writeSampling({ sampling: { temperature, topP, topK } }: Prompt): Json {
  return {
    temperature: temperature === undefined ? undefined : Math.min(1, Math.max(0, temperature)),
    top_p: temperature === undefined ? topP : undefined,
    top_k: topK,
  }
}

function writeTool({ name, description, parameters, strict }: Tool): Json {
  return known({ name, description, input_schema: { type: 'object', ...(parameters ?? { properties: {} }) }, strict })
}

function writeToolChoice({ tools, toolChoice, parallelTools }: Prompt): Json | undefined {
  if (tools.length === 0) return undefined
  const one = parallelTools === false ? { disable_parallel_tool_use: true } : {}
  switch (toolChoice?.type) {
    case undefined:
      return parallelTools === false ? { type: 'auto', ...one } : undefined
    case 'none':
      return { type: 'none' }
    case 'auto':
      return { type: 'auto', ...one }
    case 'required':
      return { type: 'any', ...one }
    case 'tool':
      return { type: 'tool', name: toolChoice.name, ...one }
  }
}
