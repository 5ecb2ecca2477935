import type { Json } from '../../core/json.ts'
import type { Reasoning, Sampling } from '../../core/prompt.ts'
import { known, optionalNumber, refuse } from '../fields.ts'

/** How to choose among tokens and how much to think, in the words of OpenAI and of the local servers that added theirs. */
export function readSampling(body: Json): Sampling {
  return known({
    temperature: optionalNumber(body['temperature'], 'temperature'),
    topP: optionalNumber(body['top_p'], 'top_p'),
    topK: optionalNumber(body['top_k'], 'top_k'),
    minP: optionalNumber(body['min_p'], 'min_p'),
    seed: optionalNumber(body['seed'], 'seed'),
    frequencyPenalty: optionalNumber(body['frequency_penalty'], 'frequency_penalty'),
    presencePenalty: optionalNumber(body['presence_penalty'], 'presence_penalty'),
    repeatPenalty: optionalNumber(body['repeat_penalty'] ?? body['repetition_penalty'], 'repeat_penalty'),
  })
}

export const writeSampling = (sampling: Sampling): Json => ({
  temperature: sampling.temperature,
  top_p: sampling.topP,
  top_k: sampling.topK,
  min_p: sampling.minP,
  seed: sampling.seed,
  frequency_penalty: sampling.frequencyPenalty,
  presence_penalty: sampling.presencePenalty,
  // llama.cpp and LM Studio have the one name, vLLM and SGLang the other.
  repeat_penalty: sampling.repeatPenalty,
  repetition_penalty: sampling.repeatPenalty,
})

const efforts: ReadonlyMap<unknown, Reasoning> = new Map<unknown, Reasoning>([
  ['none', 'off'],
  ['minimal', 'minimal'],
  ['low', 'low'],
  ['medium', 'medium'],
  ['high', 'high'],
  ['xhigh', 'max'],
  ['max', 'max'],
])

export function readEffort(effort: unknown, field: string): Reasoning | undefined {
  if (effort === undefined || effort === null) return undefined
  const reasoning = efforts.get(effort)
  if (reasoning === undefined) throw refuse(`${field} must be none, minimal, low, medium, high, xhigh or max.`)
  return reasoning
}

export const writeEffort = (reasoning: Reasoning): string => words[reasoning]

/** There is no word for "think, however much": the middle is what comes without one, where a model thinks at all. */
const words: Readonly<Record<Reasoning, string>> = {
  off: 'none',
  on: 'medium',
  minimal: 'minimal',
  low: 'low',
  medium: 'medium',
  high: 'high',
  max: 'max',
}
