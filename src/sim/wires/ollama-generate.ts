import type { Question } from '../answer.ts'
import { tokensIn } from '../prefixes.ts'
import type { Scribe, Told } from '../telling.ts'
import { formatIn, limitIn } from './ollama-chat.ts'
import { brokeDown, busy, lineHead, metrics, ollamaError } from './ollama-line.ts'
import { begunText, hasImages, type Json } from './request.ts'

/** What a body asks, or what is wrong with it. */
export function readOllamaGenerate(body: Json): Question | string {
  if (typeof body['model'] !== 'string' || body['model'] === '') return 'model is required'
  const { prompt = '', system = '', template, context, raw } = body
  if (typeof prompt !== 'string')
    return 'json: cannot unmarshal array into Go struct field GenerateRequest.prompt of type string'
  if (raw === true && [system, template, context].some((field) => field !== undefined && field !== ''))
    return 'raw mode does not support template, system, or context'
  return {
    model: body['model'],
    stream: body['stream'] !== false,
    // Raw, nothing is put around it; with a template the system's word stands before it.
    prompt: raw === true ? prompt : `${String(system)}${system === '' ? '' : '\n'}${prompt}\n`,
    ...(raw === true ? begunText(prompt) : { asked: prompt }),
    hasImages: hasImages([{ role: 'user', content: '', images: body['images'] }]),
    outputTokensMax: limitIn(body),
    tool: undefined,
    format: formatIn(body),
  }
}

export function ollamaGenerateScribe(question: Question, body: Json, epochMs: () => number): Scribe {
  const head = lineHead(question.model, epochMs)
  // While it makes out whether a thought begins or ends, it says nothing, and says so.
  const nothing = (): string => `${head()}"response":"","done":false}\n`
  let thinks = false
  const last = (told: Told): string => `"done":true,${contextOf(told, body)}${metrics(told)}}`
  return {
    streamType: 'application/x-ndjson',
    head: 'with a token',
    thought(text) {
      const before = thinks ? '' : nothing()
      thinks = true
      return `${before}${head()}"response":"","thinking":${JSON.stringify(text)},"done":false}\n`
    },
    token(text) {
      const before = thinks ? nothing() : ''
      thinks = false
      return `${before}${head()}"response":${JSON.stringify(text)},"done":false}\n`
    },
    closing: (told) => `${head()}"response":"",${last(told)}\n`,
    trouble: () => `${ollamaError(brokeDown)}\n`,
    whole({ text, thought }, told) {
      const thinking = thought === '' ? '' : `"thinking":${JSON.stringify(thought)},`
      return `${head()}"response":${JSON.stringify(text)},${thinking}${last(told)}`
    },
    refusal: (status) => ({ status, text: ollamaError(status === 503 ? busy : brokeDown) }),
  }
}

/** The tokens of it all, after the reason and before the durations; none for a raw prompt. */
function contextOf({ run }: Told, { raw }: Json): string {
  if (raw === true) return ''
  const tokens = Array.from({ length: Math.min(run.job.promptTokens + run.said, 64) }, (_, index) => 100 + index)
  return `"context":${JSON.stringify(tokens)},`
}

/** The answer to a request for no words: its model has come, or will go. */
export const generateErrand = (model: string, epochMs: number, reason: 'load' | 'unload'): string =>
  `${lineHead(model, () => epochMs)()}"response":"","done":true,"done_reason":"${reason}"}`

/** Whether there is nothing to say. */
export const isWordless = (question: Question): boolean => tokensIn(question.asked) === 0
