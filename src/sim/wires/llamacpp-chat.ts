import type { Question } from '../answer.ts'
import type { JobEnding } from '../job.ts'
import type { Scribe, Told } from '../telling.ts'
import { llamacppAccent as accent, llamacppError } from './accents.ts'
import { type About, finishOf, usageOf, wantsUsageIn } from './openai-chat.ts'
import type { Json } from './request.ts'

export const fingerprint = 'b11669-Debian'

/** What is common to all answers of llama-server: how they end when they do not end well, and that nobody can stop them. */
export const llamacppManners: Pick<Scribe, 'head' | 'comment' | 'deaf' | 'refusal'> = {
  head: 'in its place',
  comment: ':\n\n',
  deaf: true,
  refusal: (status, ending) =>
    ending === 'killed' ? { status, text: childGone, type: 'text/plain' } : { status, text: failed(status, ending) },
}

/** What the router says, into the stream or instead of an answer, when a model's process is gone. */
export const childGone = 'proxy error: Failed to read connection'

export const failed = (status: number, ending: JobEnding | undefined): string =>
  llamacppError(
    status,
    status === 503
      ? 'Loading model'
      : ending === 'out-of-memory'
        ? 'Context size has been exceeded.'
        : 'Compute error.',
  )

export function llamacppChatScribe(question: Question, body: Json, { id, createdS: created }: About): Scribe {
  const { model, tool } = question
  const wantsUsage = wantsUsageIn(body)
  const tail = `"created":${created},"id":"${id}","model":${JSON.stringify(model)},"system_fingerprint":"${fingerprint}","object":"chat.completion.chunk"`
  const chunk = (delta: string, finish = 'null', beside = ''): string =>
    `data: {"choices":[{"finish_reason":${finish},"index":0,"delta":{${delta}}}],${tail}${beside}}\n\n`
  const opening = chunk('"role":"assistant","content":null')
  // 32 characters without a prefix.
  const callId = id.replace(/\W/g, '').padStart(32, 'x').slice(-32)
  let callOpen = false
  const calling = (text: string): string => {
    const said = JSON.stringify(text)
    if (callOpen) return chunk(`"tool_calls":[{"index":0,"function":{"arguments":${said}}}]`)
    callOpen = true
    return chunk(
      `"tool_calls":[{"index":0,"id":"${callId}","type":"function","function":{"name":${JSON.stringify(tool?.name)},"arguments":${said}}}]`,
    )
  }
  return {
    ...llamacppManners,
    streamType: 'text/event-stream',
    thought: (text, index) => `${index === 0 ? opening : ''}${chunk(`"reasoning_content":${JSON.stringify(text)}`)}`,
    token: (text, index) =>
      `${index === 0 ? opening : ''}${tool === undefined ? chunk(`"content":${JSON.stringify(text)}`) : calling(text)}`,
    closing(told) {
      const timings = `,"timings":${JSON.stringify(timingsOf(told))}`
      const finish = `"${finishOf(told)}"`
      const end = wantsUsage
        ? `${chunk('', finish)}data: {"choices":[],${tail},"usage":${JSON.stringify(usageOf(told, accent))}${timings}}\n\n`
        : chunk('', finish, timings)
      return `${end}data: [DONE]\n\n`
    },
    trouble: (ending) => (ending === 'killed' ? childGone : `data: ${failed(500, ending)}\n\n`),
    whole({ text, thought }, told) {
      const thinking = thought === '' ? {} : { reasoning_content: thought }
      const call = { type: 'function', function: { name: tool?.name, arguments: text }, id: callId }
      const message =
        tool === undefined
          ? { role: 'assistant', content: text, ...thinking }
          : { role: 'assistant', content: '', ...thinking, tool_calls: [call] }
      return JSON.stringify({
        choices: [{ finish_reason: finishOf(told), index: 0, message }],
        created,
        model,
        system_fingerprint: fingerprint,
        object: 'chat.completion',
        usage: usageOf(told, accent),
        id,
        timings: timingsOf(told),
      })
    },
  }
}

export function timingsOf({ run, endedAt }: Told): Json {
  const promptTokens = run.job.promptTokens - run.cachedTokens
  const promptMs = run.firstTokenAt - run.startedAt
  const predictedMs = endedAt - run.firstTokenAt
  return {
    cache_n: run.cachedTokens,
    prompt_n: promptTokens,
    prompt_ms: promptMs,
    prompt_per_token_ms: promptMs / promptTokens,
    prompt_per_second: (promptTokens * 1_000) / promptMs,
    predicted_n: run.said,
    predicted_ms: predictedMs,
    predicted_per_token_ms: predictedMs / run.said,
    predicted_per_second: (run.said * 1_000) / predictedMs,
  }
}
