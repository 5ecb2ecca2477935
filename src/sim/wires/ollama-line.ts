import type { Question } from '../answer.ts'
import type { LoadSetting } from '../engine-spec.ts'
import type { ModelSpec } from '../server-spec.ts'
import type { Told } from '../telling.ts'
import { isJson, type Json } from './request.ts'

export const ollamaError = (message: string): string => JSON.stringify({ error: message })

export const brokeDown = 'an error was encountered while running the model: unexpected EOF'

export const busy = 'server busy, please try again.  maximum pending requests exceeded'

/** What every line begins with. All who speak in one step share the instant. */
export function lineHead(model: string, epochMs: () => number): () => string {
  const name = JSON.stringify(model)
  return () => `{"model":${name},"created_at":"${dateOf(epochMs())}",`
}

/** Durations in nanoseconds; what is zero is left out. */
export function metrics({ answer, run, endedAt }: Told): string {
  const fields: Json = {
    done_reason: answer.finish,
    total_duration: nanoseconds(endedAt - run.submittedAt),
    load_duration: nanoseconds(run.loadMs),
    prompt_eval_count: run.job.promptTokens,
    prompt_eval_duration: nanoseconds(run.firstTokenAt - run.startedAt),
    eval_count: run.said,
    eval_duration: nanoseconds(endedAt - run.firstTokenAt),
  }
  return JSON.stringify(Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== 0))).slice(1, -1)
}

export const nanoseconds = (ms: number): number => Math.round(ms * 1e6)

/** The options that a model is loaded with, in the order in which they are compared. */
const loadOptions = ['num_batch', 'num_gpu', 'main_gpu', 'use_mmap', 'num_thread', 'draft_num_predict']

/** How a request wants its model loaded. More context than it was trained for is not to be had. */
export function settingIn(body: Json, { contextTokens, trainedTokens = contextTokens }: ModelSpec): LoadSetting {
  const options = isJson(body['options']) ? body['options'] : undefined
  // Most say nothing of it.
  if (options === undefined && body['shift'] === undefined) return { key: `${contextTokens}`, contextTokens }
  const wished = options?.['num_ctx']
  const given = typeof wished === 'number' && wished > 0 ? Math.min(wished, trainedTokens) : contextTokens
  let key = `${given}`
  for (const name of loadOptions) if (options?.[name] !== undefined) key += ` ${name}=${JSON.stringify(options[name])}`
  return { key: body['shift'] === false ? `${key} shift=false` : key, contextTokens: given }
}

/** Seconds, or a duration as Go writes it; below zero for ever. A string is what is wrong with it. */
export function keepMsIn(value: unknown): number | undefined | string {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number') return value < 0 ? Infinity : value * 1_000
  if (typeof value !== 'string') return 'invalid keep_alive'
  if (value === '0') return 0
  const parts = /^-?(?:[\d.]+(?:ms|s|m|h))+$/.exec(value)
  if (parts === null) return `time: missing unit in duration ${JSON.stringify(value)}`
  if (value.startsWith('-')) return Infinity
  let ms = 0
  for (const [, count, unit] of value.matchAll(/([\d.]+)(ms|s|m|h)/g)) ms += Number(count) * unitMs[unit!]!
  return ms
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** A prompt that is too long is cut to half the context without a word, unless that was forbidden. */
export function fitted(question: Question, contextTokens: number, mayCut: boolean): Question | string {
  const tokens = Math.ceil(question.prompt.length / 4)
  if (tokens < contextTokens) return question
  if (mayCut) return { ...question, prompt: question.prompt.slice(-2 * contextTokens) }
  const message = `request (${tokens} tokens) exceeds the available context size (${contextTokens} tokens), try increasing it`
  return JSON.stringify({
    error: { code: 400, message, type: 'exceed_context_size_error', n_prompt_tokens: tokens, n_ctx: contextTokens },
  })
}

let dated = { epochMs: NaN, date: '' }
let second = { epochS: NaN, date: '' }

/** With nine digits behind the second, as Go writes it. Most who ask for it ask in the same instant, or the same second. */
export function dateOf(epochMs: number): string {
  if (dated.epochMs === epochMs) return dated.date
  const epochS = Math.floor(epochMs / 1_000)
  if (second.epochS !== epochS) second = { epochS, date: new Date(epochS * 1_000).toISOString().slice(0, 20) }
  const digits = String(Math.floor((epochMs - epochS * 1_000) * 1e6)).padStart(9, '0')
  dated = { epochMs, date: `${second.date}${digits}Z` }
  return dated.date
}
