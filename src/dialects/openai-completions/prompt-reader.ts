import { isObject, type Json } from '../../core/json.ts'
import type { Prompt } from '../../core/prompt.ts'
import { modelIn, optionalFlag, optionalNumber, optionalText, refuse, textsIn } from '../fields.ts'
import { areTexts, textsOrIdsIn } from '../openai/inputs.ts'
import { readSampling } from '../openai/sampling.ts'

/** Reads a request. What no other dialect could say is refused here rather than lost on the way. */
export function readPrompt(body: Json): Prompt {
  refuseUnsayable(body)
  return {
    model: modelIn(body),
    messages: [],
    text: {
      before: readText(body['prompt']),
      after: optionalText(body['suffix'], 'suffix') || undefined,
      ...(optionalFlag(body['echo'], 'echo') === true && { echo: true }),
    },
    stream: optionalFlag(body['stream'], 'stream') ?? false,
    outputTokensMax: readLimit(body['max_tokens']),
    sampling: readSampling(body),
    stop: textsIn(body['stop'], 'stop'),
    tools: [],
    toolChoice: undefined,
    parallelTools: undefined,
    format: undefined,
    reasoning: undefined,
    user: optionalText(body['user'], 'user'),
    logprobs: optionalNumber(body['logprobs'], 'logprobs'),
  }
}

function refuseUnsayable({ n, best_of: bestOf, logit_bias: bias, response_format: format }: Json): void {
  if (isMany(n)) throw refuse('n must be 1: the server for this model gives one answer at a time.')
  if (isMany(bestOf)) throw refuse('best_of must be 1: the server for this model gives one answer at a time.')
  if (isObject(bias) && Object.keys(bias).length > 0)
    throw refuse('logit_bias is not known to the server for this model.')
  if (isObject(format) && format['type'] !== 'text')
    throw refuse('response_format: a plain text has none; ask for it in /v1/chat/completions.')
}

const isMany = (count: unknown): boolean => typeof count === 'number' && count > 1

function readText(prompt: unknown): string {
  const prompts = textsOrIdsIn(prompt, 'prompt')
  if (!areTexts(prompts)) throw refuse('prompt: the server for this model takes no token ids; send the text.')
  if (prompts.length > 1)
    throw refuse(
      'prompt: the server for this model takes one text at a time; send the others in requests of their own.',
    )
  return prompts[0]!
}

function readLimit(limit: unknown): number | undefined {
  const read = optionalNumber(limit, 'max_tokens')
  // Zero would mean no limit at all to Ollama.
  if (read === 0) throw refuse('max_tokens must be at least 1.')
  return read === undefined || read < 0 ? undefined : read
}
