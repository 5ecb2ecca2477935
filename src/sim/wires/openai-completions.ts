import type { Question } from '../answer.ts'
import type { Scribe } from '../telling.ts'
import type { Accent } from './accents.ts'
import { failed, fingerprint as llamacppFingerprint, llamacppManners, childGone, timingsOf } from './llamacpp-chat.ts'
import { type About, formatIn, limitIn, usageOf, wantsUsageIn } from './openai-chat.ts'
import { begunText, type Json } from './request.ts'

/** What a body asks, or what is wrong with it. One prompt, as text or as tokens; several are not for a simulator. */
export function readOpenAiCompletion(body: Json, accent: Accent): Question | string {
  if (typeof body['model'] !== 'string') return accent.missing.model
  const prompt = promptIn(body['prompt'])
  if (prompt === undefined) return 'prompt: one text or one list of tokens is wanted'
  if (typeof body['suffix'] === 'string' && body['suffix'] !== '') return 'suffix is not currently supported'
  return {
    model: body['model'],
    stream: body['stream'] === true,
    prompt,
    ...begunText(prompt),
    // Here a limit that is not given is one all the same.
    outputTokensMax: limitIn(body, accent) ?? 16,
    tool: undefined,
    format: formatIn(body['response_format']),
  }
}

function promptIn(prompt: unknown): string | undefined {
  const only =
    Array.isArray(prompt) && prompt.length === 1 && typeof prompt[0] !== 'number' ? (prompt[0] as unknown) : prompt
  if (typeof only === 'string') return only
  return Array.isArray(only) && only.every((token) => typeof token === 'number') ? only.join(' ') : undefined
}

export function openAiCompletionScribe(
  question: Question,
  body: Json,
  { id, createdS: created, accent }: About,
): Scribe {
  const { model } = question
  const { fingerprint, placeholders } = accent
  const wantsUsage = wantsUsageIn(body)
  const mark = fingerprint === undefined ? '' : `,"system_fingerprint":"${fingerprint}"`
  const chances = placeholders ? '"logprobs":null,' : ''
  const chunk = (choices: string, usage = wantsUsage && placeholders ? ',"usage":null' : ''): string =>
    `data: {"id":"${id}","object":"text_completion","created":${created},"model":${JSON.stringify(model)}${mark},"choices":[${choices}]${usage}}\n\n`
  const choice = (text: string, finish: string): string =>
    `{"text":${JSON.stringify(text)},"index":0,${chances}"finish_reason":${finish}}`
  return {
    streamType: 'text/event-stream; charset=utf-8',
    head: accent.head,
    thought: () => '',
    token: (text) => chunk(choice(text, 'null')),
    closing(told) {
      const usage = wantsUsage ? chunk('', `,"usage":${JSON.stringify(usageOf(told, accent))}`) : ''
      return `${chunk(choice('', `"${told.answer.finish}"`))}${usage}data: [DONE]\n\n`
    },
    trouble: () => accent.trouble(accent.error(500, 'The engine broke down.')),
    whole: ({ text }, told) =>
      JSON.stringify({
        id,
        object: 'text_completion',
        created,
        model,
        ...(fingerprint !== undefined && { system_fingerprint: fingerprint }),
        choices: [{ text, index: 0, ...(placeholders && { logprobs: null }), finish_reason: told.answer.finish }],
        usage: usageOf(told, accent),
      }),
    refusal: (status) => ({
      status,
      text: accent.error(status, status === 503 ? 'The server is overloaded.' : 'The engine broke down.'),
    }),
  }
}

/** llama-server gives counts and times on the last chunk, asked or not. */
export function llamacppCompletionScribe(question: Question, { id, createdS: created, accent }: About): Scribe {
  const { model } = question
  const body = { created, model, system_fingerprint: llamacppFingerprint, object: 'text_completion' }
  const choices = (text: string, finish: string | null): Json => ({
    choices: [{ text, index: 0, logprobs: null, finish_reason: finish }],
  })
  const event = (value: Json): string => `data: ${JSON.stringify(value)}\n\n`
  return {
    ...llamacppManners,
    streamType: 'text/event-stream',
    thought: () => '',
    token: (text) => event({ ...choices(text, null), ...body, id }),
    closing(told) {
      const counts = { usage: usageOf(told, accent), id, timings: timingsOf(told) }
      return `${event({ ...choices('', told.answer.finish), ...body, ...counts })}data: [DONE]\n\n`
    },
    trouble: (ending) => (ending === 'killed' ? childGone : `data: ${failed(500, ending)}\n\n`),
    whole: ({ text }, told) =>
      JSON.stringify({
        ...choices(text, told.answer.finish),
        ...body,
        usage: usageOf(told, accent),
        id,
        timings: timingsOf(told),
      }),
  }
}
