import type { Scribe } from '../telling.ts'

/** In what the servers that speak OpenAI's dialects differ. */
export interface Accent {
  readonly owner: string
  /** The whole body of a refusal. */
  readonly error: (status: number, message: string) => string
  /** What stands in a stream that breaks down, the error's body given. */
  readonly trouble: (error: string) => string
  readonly head: Scribe['head']
  /** Ollama does not know `max_completion_tokens`, and answers without end when it is all that limits. */
  readonly knowsCompletionTokens: boolean
  /** What a limit of no tokens means. */
  readonly atZero: number
  /** OpenAI itself takes only what it knows; the others mind nothing. */
  readonly takes: ReadonlySet<string> | undefined
  /** Does what a request says of whether and which tool is to be called. */
  readonly mindsToolChoice: boolean
  /** Where thoughts are; undefined where they are not shown. */
  readonly reasoning: 'reasoning' | 'reasoning_content' | undefined
  /** The first delta says who speaks: in a chunk of its own, with the first token, or each says it again. */
  readonly opening: 'apart' | 'joined' | 'always'
  /** A call comes in one chunk. */
  readonly wholeCalls: boolean
  /** Every chunk has a place for counts when they are asked for, and every choice one for the chances of its tokens. */
  readonly placeholders: boolean
  readonly fingerprint: string | undefined
  /** Stands beside the reason why an answer ended. */
  readonly beside: string
  /** Says how many tokens of the prompt it did not have to read. */
  readonly tellsCached: boolean
  /** Says beside a packed vector that it is packed. */
  readonly namesPacking: boolean
  /** Where it counts what was only thought: beside the other counts, as a detail of them, or nowhere. */
  readonly thoughtCount: 'beside' | 'detail' | undefined
  /** Goes on with a last message that is the assistant's: always, when told to, or never. */
  readonly carriesOn: 'always' | 'when told' | 'never'
  /** What it says when these are missing. */
  readonly missing: { readonly model: string; readonly messages: string }
  readonly tooLong: (about: { readonly prompt: number; readonly answer: number; readonly most: number }) => string
}

const events = (error: string): string => `data: ${error}\n\n`
const eventsAndDone = (error: string): string => `data: ${error}\n\ndata: [DONE]\n\n`

const nested =
  (error: (status: number) => { readonly type: string; readonly code: unknown }) =>
  (status: number, message: string): string =>
    JSON.stringify({ error: { message, param: null, ...error(status) } })

const plain: Accent = {
  owner: 'organization_owner',
  error: nested((status) => ({ type: status < 500 ? 'invalid_request_error' : 'server_error', code: null })),
  trouble: events,
  head: 'at once',
  knowsCompletionTokens: true,
  atZero: Infinity,
  takes: undefined,
  mindsToolChoice: true,
  reasoning: 'reasoning_content',
  opening: 'apart',
  wholeCalls: false,
  placeholders: true,
  fingerprint: undefined,
  beside: '',
  tellsCached: true,
  namesPacking: false,
  thoughtCount: undefined,
  carriesOn: 'never',
  missing: { model: 'model: Field required', messages: "[] is too short - 'messages'" },
  tooLong: ({ prompt, answer, most }) =>
    `This model's maximum context length is ${most} tokens. However, you requested ${prompt + answer} tokens ` +
    `(${prompt} in the messages, ${answer} in the completion). Please reduce the length of the messages or completion.`,
}

const classNames: Readonly<Record<number, string>> = {
  400: 'BadRequestError',
  401: 'Unauthorized',
  404: 'NotFoundError',
  503: 'ServiceUnavailableError',
}

const className = (status: number): string => classNames[status] ?? 'InternalServerError'

export const vllmAccent: Accent = {
  ...plain,
  owner: 'vllm',
  error: nested((status) => ({ type: className(status), code: status })),
  // It says that it is done even when it failed.
  trouble: eventsAndDone,
  reasoning: 'reasoning',
  beside: ',"stop_reason":null',
  carriesOn: 'when told',
}

export const sglangAccent: Accent = {
  ...plain,
  owner: 'sglang',
  error: (status, message) =>
    JSON.stringify({ object: 'error', message, type: className(status), param: null, code: status }),
  trouble: (error) => eventsAndDone(`{"error":${error}}`),
  beside: ',"matched_stop":null',
  // Only with --enable-cache-report.
  tellsCached: false,
  thoughtCount: 'beside',
  carriesOn: 'when told',
  tooLong: ({ prompt, answer, most }) =>
    prompt >= most
      ? `The input (${prompt} tokens) is longer than the model's context length (${most} tokens).`
      : `Requested token count exceeds the model's maximum context length of ${most} tokens. You requested a total of ` +
        `${prompt + answer} tokens: ${prompt} tokens from the input messages and ${answer} tokens for the completion.`,
}

export const lmStudioAccent: Accent = {
  ...plain,
  error: (status, message) =>
    status < 500 && status !== 404
      ? JSON.stringify({ error: message })
      : JSON.stringify({
          error: { message, type: 'internal_error', param: 'model', code: status === 404 ? 'model_not_found' : null },
        }),
  trouble: (error) => `event: error\ndata: ${error}\n\n`,
  tellsCached: false,
  tooLong: ({ prompt, most }) =>
    `Trying to keep the first ${prompt} tokens when context the overflows. However, the model is loaded with context ` +
    `length of only ${most} tokens, which is not enough. Try to load the model with a larger context length, or provide a shorter input`,
}

/** text-generation-inference: an error is a sentence and its sort. */
export const tgiAccent: Accent = {
  ...plain,
  owner: 'tgi',
  error: (status, message) =>
    JSON.stringify({
      error: message,
      error_type: status < 500 ? 'validation' : status === 503 ? 'overloaded' : 'generation',
    }),
  tellsCached: false,
  tooLong: ({ prompt, answer, most }) =>
    `Input validation error: \`inputs\` tokens + \`max_new_tokens\` must be <= ${most}. Given: ${prompt} \`inputs\` tokens and ${answer} \`max_new_tokens\``,
}

/** FastAPI and little else: errors without an envelope, a role in every delta. */
export const genericAccent: Accent = {
  ...plain,
  error: (_, message) => JSON.stringify({ detail: message }),
  trouble: (error) => events(`{"error":${error}}`),
  opening: 'always',
  placeholders: false,
  tellsCached: false,
}

export const ollamaAccent: Accent = {
  ...plain,
  owner: 'library',
  error: nested((status) => ({
    type: status === 404 ? 'not_found_error' : status < 500 ? 'invalid_request_error' : 'api_error',
    code: null,
  })),
  // The error gets lost in its own translation.
  trouble: () => '',
  head: 'with a token',
  knowsCompletionTokens: false,
  mindsToolChoice: false,
  reasoning: 'reasoning',
  opening: 'joined',
  wholeCalls: true,
  placeholders: false,
  fingerprint: 'fp_ollama',
  tellsCached: false,
}

export const cloudAccent: Accent = {
  ...plain,
  owner: 'system',
  error: nested((status) => ({
    type: status < 500 ? 'invalid_request_error' : 'server_error',
    code: status === 404 ? 'model_not_found' : null,
  })),
  reasoning: undefined,
  thoughtCount: 'detail',
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
    'verbosity',
    'modalities',
    'audio',
    'prediction',
    'safety_identifier',
    'prompt_cache_key',
    'prompt_cache_retention',
    'web_search_options',
  ]),
}

const llamacppType: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  404: 'not_found_error',
  501: 'not_supported_error',
  503: 'unavailable_error',
}

export const llamacppError = (status: number, message: string): string =>
  JSON.stringify({ error: { code: status, message, type: llamacppType[status] ?? 'server_error' } })

export const llamacppAccent: Accent = {
  ...plain,
  owner: 'llamacpp',
  error: llamacppError,
  head: 'in its place',
  atZero: 1,
  namesPacking: true,
  carriesOn: 'always',
  missing: { model: 'model name is missing from the request', messages: "'messages' is required" },
}

export const exoAccent: Accent = {
  ...plain,
  owner: 'exo',
  error: nested((status) => ({ type: phrases[status] ?? 'Internal Server Error', code: status })),
  trouble: eventsAndDone,
  knowsCompletionTokens: false,
  opening: 'always',
  wholeCalls: true,
  thoughtCount: 'detail',
}

const phrases: Readonly<Record<number, string>> = { 400: 'Bad Request', 404: 'Not Found', 503: 'Service Unavailable' }
