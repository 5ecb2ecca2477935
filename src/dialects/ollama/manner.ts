import { isObject, type Json } from '../../core/json.ts'
import type { Format, Prompt, Reasoning, Sampling } from '../../core/prompt.ts'
import { known, modelIn, optionalFlag, optionalNumber, optionalObject, refuse, textsIn } from '../fields.ts'

type Manner = Pick<
  Prompt,
  'model' | 'stream' | 'outputTokensMax' | 'sampling' | 'stop' | 'format' | 'reasoning' | 'logprobs'
>

/** How an answer is to be given, in the words that `/api/chat` and `/api/generate` share. */
export function readManner(body: Json): Manner {
  const options = optionalObject(body['options'], 'options') ?? {}
  const limit = optionalNumber(options['num_predict'], 'options.num_predict')
  return {
    model: modelIn(body),
    stream: optionalFlag(body['stream'], 'stream') ?? true,
    // Zero and less mean that there is no limit.
    outputTokensMax: limit === undefined || limit <= 0 ? undefined : limit,
    sampling: readSampling(options),
    stop: textsIn(options['stop'], 'options.stop'),
    format: readFormat(body['format']),
    reasoning: readThink(body['think']),
    logprobs: body['logprobs'] === true ? (optionalNumber(body['top_logprobs'], 'top_logprobs') ?? 0) : undefined,
  }
}

export function writeManner(prompt: Prompt): Json {
  const { format, reasoning } = prompt
  const options = writeOptions(prompt)
  return known({
    stream: prompt.stream,
    format: format && (format.type === 'json' ? 'json' : format.schema),
    options: Object.keys(options).length > 0 ? options : undefined,
    think: reasoning && thinks[reasoning],
    logprobs: prompt.logprobs === undefined ? undefined : true,
    top_logprobs: prompt.logprobs || undefined,
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

const thinks: Readonly<Record<Reasoning, boolean | string>> = {
  off: false,
  on: true,
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  max: 'max',
}

function readSampling(options: Json): Sampling {
  const number = (name: string): number | undefined => optionalNumber(options[name], `options.${name}`)
  return known({
    temperature: number('temperature'),
    topP: number('top_p'),
    topK: number('top_k'),
    minP: number('min_p'),
    seed: number('seed'),
    frequencyPenalty: number('frequency_penalty'),
    presencePenalty: number('presence_penalty'),
    repeatPenalty: number('repeat_penalty'),
  })
}

function readFormat(format: unknown): Format | undefined {
  if (format === undefined || format === null || format === '') return undefined
  if (format === 'json') return { type: 'json' }
  if (isObject(format)) return { type: 'json-schema', name: undefined, schema: format, strict: undefined }
  throw refuse('format must be "json" or a JSON schema.')
}

function readThink(think: unknown): Reasoning | undefined {
  if (think === undefined || think === null) return undefined
  if (typeof think === 'boolean') return think ? 'on' : 'off'
  if (think === 'low' || think === 'medium' || think === 'high' || think === 'max') return think
  throw refuse('think must be true, false, "low", "medium", "high" or "max".')
}
