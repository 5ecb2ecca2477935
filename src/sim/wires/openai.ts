import type { Question } from '../answer.ts'
import type { Scribe, Told } from '../telling.ts'
import { heard, isJson, type Message, positive, toolToCall } from './request.ts'

type Json = Record<string, unknown>

/** In what the servers that speak OpenAI's chat completions differ. */
export interface OpenAiManner {
  /** Ollama does not know `max_completion_tokens`, and answers without end when it is all that limits. */
  readonly knowsCompletionTokens: boolean
  /** What stands in the error object. */
  readonly error: (status: number) => { readonly type: string; readonly code: unknown }
  /** Ollama says nothing before its first token. */
  readonly headFirst: boolean
  /** vLLM ends a stream with `[DONE]` even when it failed. */
  readonly doneAfterTrouble: boolean
  /** OpenAI itself takes only what it knows; the others mind nothing. */
  readonly takes: ReadonlySet<string> | undefined
}

export const vllmManner: OpenAiManner = {
  knowsCompletionTokens: true,
  error: (status) => ({ type: classNames[status] ?? 'InternalServerError', code: status }),
  headFirst: true,
  doneAfterTrouble: true,
  takes: undefined,
}

export const cloudManner: OpenAiManner = {
  knowsCompletionTokens: true,
  error: (status) => ({
    type: status < 500 ? 'invalid_request_error' : 'server_error',
    code: status === 404 ? 'model_not_found' : null,
  }),
  headFirst: true,
  doneAfterTrouble: false,
  takes: new Set([
    'model',
    'messages',
    'stream',
    'stream_options',
    'max_completion_tokens',
    'temperature',
    'top_p',
    'stop',
    'seed',
    'n',
    'presence_penalty',
    'frequency_penalty',
    'response_format',
    'tools',
    'tool_choice',
    'parallel_tool_calls',
    'user',
    'reasoning_effort',
    'logprobs',
    'top_logprobs',
    'logit_bias',
    'metadata',
    'store',
    'service_tier',
  ]),
}

export const ollamaManner: OpenAiManner = {
  knowsCompletionTokens: false,
  error: (status) => ({
    type: status === 404 ? 'not_found_error' : status < 500 ? 'invalid_request_error' : 'api_error',
    code: null,
  }),
  headFirst: false,
  doneAfterTrouble: false,
  takes: undefined,
}

const classNames: Readonly<Record<number, string>> = {
  400: 'BadRequestError',
  401: 'Unauthorized',
  404: 'NotFoundError',
  503: 'ServiceUnavailableError',
}

export const openAiError = (manner: OpenAiManner, status: number, message: string): string =>
  JSON.stringify({ error: { message, param: null, ...manner.error(status) } })

/** What a body asks, or what is wrong with it. */
export function readOpenAi(body: Json, manner: OpenAiManner): Question | string {
  if (typeof body['model'] !== 'string') return 'model: Field required'
  const { takes } = manner
  const unknown = takes === undefined ? undefined : Object.keys(body).find((key) => !takes.has(key))
  if (unknown !== undefined) return `Unrecognized request argument supplied: ${unknown}`
  const messages = body['messages']
  if (!Array.isArray(messages) || messages.length === 0) return "[] is too short - 'messages'"
  if (!messages.every((message) => isJson(message) && typeof message['role'] === 'string'))
    return 'messages: each needs a role'
  const completion = manner.knowsCompletionTokens ? positive(body['max_completion_tokens']) : undefined
  const format = body['response_format']
  return {
    model: body['model'],
    stream: body['stream'] === true,
    ...heard(messages as Message[]),
    outputTokensMax: body['max_tokens'] === 0 ? Infinity : (completion ?? positive(body['max_tokens'])),
    tool: toolToCall(body, messages as Message[]),
    format: isJson(format) && format['type'] !== 'text' ? { schema: schemaIn(format) } : undefined,
  }
}

const schemaIn = ({ json_schema: wrapped }: Json): unknown => (isJson(wrapped) ? wrapped['schema'] : undefined)

export function openAiScribe(
  question: Question,
  body: Json,
  about: { readonly id: string; readonly createdS: number; readonly manner: OpenAiManner },
): Scribe {
  const { id, createdS: created, manner } = about
  const { model, tool } = question
  const options = body['stream_options']
  const wantsUsage = isJson(options) && options['include_usage'] === true
  const chunkHead = `data: {"id":"${id}","object":"chat.completion.chunk","created":${created},"model":${JSON.stringify(model)},"choices":[`
  const chunkTail = wantsUsage ? '],"usage":null}\n\n' : ']}\n\n'
  const chunk = (delta: string, finish = 'null'): string =>
    `${chunkHead}{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finish}}${chunkTail}`
  const callId = `call_${id.slice(-8)}`
  const opening =
    tool === undefined
      ? chunk('{"role":"assistant","content":""}')
      : chunk(
          `{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"${callId}","type":"function","function":{"name":${JSON.stringify(tool.name)},"arguments":""}}]}`,
        )

  return {
    streamType: 'text/event-stream; charset=utf-8',
    headFirst: manner.headFirst,
    token(text, index) {
      const said = JSON.stringify(text)
      const delta =
        tool === undefined ? `{"content":${said}}` : `{"tool_calls":[{"index":0,"function":{"arguments":${said}}}]}`
      return index === 0 ? opening + chunk(delta) : chunk(delta)
    },
    closing(told) {
      const usage = wantsUsage ? `${chunkHead}],"usage":${JSON.stringify(usageOf(told))}}\n\n` : ''
      return `${chunk('{}', `"${finishOf(told)}"`)}${usage}data: [DONE]\n\n`
    },
    trouble: () =>
      `data: ${openAiError(manner, 500, 'The engine broke down.')}\n\n${manner.doneAfterTrouble ? 'data: [DONE]\n\n' : ''}`,
    whole(text, told) {
      const message =
        tool === undefined
          ? { role: 'assistant', content: text }
          : {
              role: 'assistant',
              content: null,
              tool_calls: [{ id: callId, type: 'function', function: { name: tool.name, arguments: text } }],
            }
      const choices = [{ index: 0, message, logprobs: null, finish_reason: finishOf(told) }]
      return JSON.stringify({ id, object: 'chat.completion', created, model, choices, usage: usageOf(told) })
    },
    refusal: (status) =>
      openAiError(manner, status, status === 503 ? 'The server is overloaded.' : 'The engine broke down.'),
  }
}

const finishOf = ({ answer }: Told): string =>
  answer.toolName !== undefined && answer.finish === 'stop' ? 'tool_calls' : answer.finish

const usageOf = ({ run }: Told): Json => ({
  prompt_tokens: run.job.promptTokens,
  completion_tokens: run.said,
  total_tokens: run.job.promptTokens + run.said,
  prompt_tokens_details: { cached_tokens: run.cachedTokens },
})
