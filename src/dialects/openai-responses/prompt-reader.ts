import type { Json } from '../../core/json.ts'
import type { Format, Prompt } from '../../core/prompt.ts'
import {
  modelIn,
  objectIn,
  optionalFlag,
  optionalNumber,
  optionalObject,
  optionalText,
  refuse,
  textsIn,
} from '../fields.ts'
import { readEffort, readSampling } from '../openai/sampling.ts'
import { readInput } from './input.ts'
import { leansOn } from './memory.ts'
import { readOffer } from './tools.ts'

/**
 * Reads a request. What no other dialect could say is refused here rather than lost on the way. `truncation` is not looked
 * at: it matters only to a prompt that is too long, and such a one is turned away, as by default.
 */
export function readPrompt(body: Json): Prompt {
  const lacking = leansOn(body)
  if (lacking !== undefined) throw refuse(`The server for this model keeps nothing. ${lacking}.`)
  const reasoning = optionalObject(body['reasoning'], 'reasoning')
  return {
    model: modelIn(body),
    messages: readInput(body['instructions'], body['input']),
    stream: optionalFlag(body['stream'], 'stream') ?? false,
    outputTokensMax: readLimit(body['max_output_tokens']),
    sampling: readSampling(body),
    stop: textsIn(body['stop'], 'stop'),
    ...readOffer(body),
    parallelTools: optionalFlag(body['parallel_tool_calls'], 'parallel_tool_calls'),
    format: readFormat(optionalObject(optionalObject(body['text'], 'text')?.['format'], 'text.format')),
    reasoning: readEffort(reasoning?.['effort'], 'reasoning.effort'),
    user: optionalText(body['user'], 'user') ?? optionalText(body['safety_identifier'], 'safety_identifier'),
    logprobs: wantsLogprobs(body) ? (optionalNumber(body['top_logprobs'], 'top_logprobs') ?? 0) : undefined,
    cacheKey: optionalText(body['prompt_cache_key'], 'prompt_cache_key'),
  }
}

export const logprobsIncluded = 'message.output_text.logprobs'

export const wantsLogprobs = ({ include }: Json): boolean =>
  Array.isArray(include) && include.includes(logprobsIncluded)

function readLimit(said: unknown): number | undefined {
  const limit = optionalNumber(said, 'max_output_tokens')
  // Zero would mean no limit at all to Ollama.
  if (limit === 0) throw refuse('max_output_tokens must be at least 1.')
  return limit === undefined || limit < 0 ? undefined : limit
}

function readFormat(format: Json | undefined): Format | undefined {
  switch (format?.['type']) {
    case undefined:
    case 'text':
      return undefined
    case 'json_object':
      return { type: 'json' }
    case 'json_schema': {
      const { name, schema, strict } = format
      return {
        type: 'json-schema',
        name: optionalText(name, 'text.format.name'),
        schema: objectIn(schema, 'text.format.schema'),
        strict: optionalFlag(strict, 'text.format.strict'),
      }
    }
    default:
      throw refuse('text.format.type must be text, json_object or json_schema.')
  }
}
