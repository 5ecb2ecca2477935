import type { Inbound } from '../core/world.ts'
import type { Question } from './answer.ts'
import type { ModelSpec, ServerSpec } from './server-spec.ts'
import { jsonAnswer, type Scribe, textAnswer } from './telling.ts'
import { ollamaError, ollamaScribe, readOllama } from './wires/ollama.ts'
import {
  cloudManner,
  openAiError,
  type OpenAiManner,
  ollamaManner,
  openAiScribe,
  readOpenAi,
  vllmManner,
} from './wires/openai.ts'

type Json = Record<string, unknown>

/** What a route may know of its server. */
export interface Host {
  readonly spec: ServerSpec
  readonly loaded: readonly string[]
  readonly epochMs: () => number
  readonly nextId: () => string
  readonly modelCalled: (name: string) => ModelSpec | undefined
  /** Starts on an answer. */
  readonly tell: (question: Question, scribe: Scribe) => Promise<Inbound>
  readonly refuse: (status: number, text: string) => Inbound
}

export type Route = (host: Host, body: Json) => Inbound | Promise<Inbound>

/** How a kind of server is spoken to: `GET /path` → what it does. */
export interface Manner {
  readonly routes: Readonly<Record<string, Route>>
  /** An error that is not about one request: no such route, no key. */
  error(status: number, message: string): Inbound
  /** Chat is what faults befall. */
  readonly chat: readonly string[]
}

export const manners: Readonly<Record<ServerSpec['manner'], Manner>> = {
  ollama: {
    chat: ['POST /api/chat', 'POST /v1/chat/completions'],
    error: (status, message) => textAnswer(status, status === 404 ? '404 page not found' : message),
    routes: {
      'GET /': () => textAnswer(200, 'Ollama is running'),
      'HEAD /': () => textAnswer(200, ''),
      'GET /api/version': () => json({ version: '0.32.15' }),
      'GET /api/tags': ({ spec, epochMs }) => json({ models: spec.models.map((model) => listed(model, epochMs())) }),
      'GET /api/ps': ({ spec, loaded, epochMs }) =>
        json({
          models: spec.models.filter(({ name }) => loaded.includes(name)).map((model) => resident(model, epochMs())),
        }),
      'POST /api/show': (host, body) => {
        const wished = body['model'] ?? body['name']
        const model = typeof wished === 'string' ? host.modelCalled(wished) : undefined
        return model === undefined
          ? host.refuse(404, ollamaError(`model '${String(wished)}' not found`))
          : json(shown(model))
      },
      'POST /api/chat': (host, body) => {
        const question = readOllama(body)
        if (typeof question === 'string') return host.refuse(400, ollamaError(question))
        const model = host.modelCalled(question.model)
        if (model === undefined) return host.refuse(404, ollamaError(`model '${question.model}' not found`))
        const kept = fitted(question, model, body['truncate'] !== false)
        if (typeof kept === 'string') return host.refuse(400, ollamaError(kept))
        return host.tell(kept, ollamaScribe(question, host.epochMs))
      },
      ...openAiRoutes(ollamaManner, 'library'),
    },
  },
  vllm: {
    chat: ['POST /v1/chat/completions'],
    error: (status, message) => jsonAnswer(status, openAiError(vllmManner, status, message)),
    routes: {
      'GET /health': () => textAnswer(200, ''),
      'GET /version': () => json({ version: '0.12.0' }),
      ...openAiRoutes(vllmManner, 'vllm'),
    },
  },
  cloud: {
    chat: ['POST /v1/chat/completions'],
    error: (status, message) => jsonAnswer(status, openAiError(cloudManner, status, message)),
    routes: openAiRoutes(cloudManner, 'system'),
  },
}

function openAiRoutes(manner: OpenAiManner, owner: string): Manner['routes'] {
  return {
    'GET /v1/models': ({ spec, epochMs }) => {
      const created = Math.floor(epochMs() / 1_000)
      const data = spec.models.map(({ name, contextTokens }) => ({
        id: name,
        object: 'model',
        created,
        owned_by: owner,
        ...(owner === 'vllm' ? { root: name, parent: null, max_model_len: contextTokens } : {}),
      }))
      return json({ object: 'list', data })
    },
    'POST /v1/chat/completions': (host, body) => {
      const refuse = (status: number, message: string): Inbound =>
        host.refuse(status, openAiError(manner, status, message))
      const question = readOpenAi(body, manner)
      if (typeof question === 'string') return refuse(400, question)
      const model = host.modelCalled(question.model)
      if (model === undefined) return refuse(404, `The model \`${question.model}\` does not exist.`)
      const { contextTokens: most } = model
      const prompt = Math.ceil(question.prompt.length / 4)
      const answer =
        question.outputTokensMax === undefined || question.outputTokensMax === Infinity ? 1 : question.outputTokensMax
      if (prompt + answer > most) {
        return refuse(
          400,
          `This model's maximum context length is ${most} tokens. However, you requested ${prompt + answer} tokens (${prompt} in the messages, ` +
            `${answer} in the completion). Please reduce the length of the messages or completion.`,
        )
      }
      const about = { id: host.nextId(), createdS: Math.floor(host.epochMs() / 1_000), manner }
      return host.tell(question, openAiScribe(question, body, about))
    },
  }
}

/** A prompt that is too long is cut to half the context without a word, unless that was forbidden. */
function fitted(question: Question, { contextTokens }: ModelSpec, mayCut: boolean): Question | string {
  const tokens = Math.ceil(question.prompt.length / 4)
  if (tokens < contextTokens) return question
  if (mayCut) return { ...question, prompt: question.prompt.slice(-2 * contextTokens) }
  const message = `request (${tokens} tokens) exceeds the available context size (${contextTokens} tokens), try increasing it`
  return JSON.stringify({
    error: { code: 400, message, type: 'exceed_context_size_error', n_prompt_tokens: tokens, n_ctx: contextTokens },
  })
}

const json = (body: unknown): Inbound => jsonAnswer(200, JSON.stringify(body))

const details = {
  parent_model: '',
  format: 'gguf',
  family: 'llama',
  families: ['llama'],
  parameter_size: '8.0B',
  quantization_level: 'Q4_K_M',
}

const sizeBytes = 4_920_753_328

const listed = ({ name }: ModelSpec, epochMs: number): Json => ({
  name,
  model: name,
  modified_at: new Date(epochMs).toISOString(),
  size: sizeBytes,
  digest: '46e0c10c039e019119339687c3c1757cc81b9da49709a3b3924863ba87ca666e',
  details,
  capabilities: ['completion'],
})

const resident = (model: ModelSpec, epochMs: number): Json => ({
  ...listed(model, epochMs),
  expires_at: new Date(epochMs + 300_000).toISOString(),
  size_vram: sizeBytes,
  context_length: model.contextTokens,
})

const shown = ({ contextTokens }: ModelSpec): Json => ({
  modelfile: '',
  parameters: `num_ctx ${contextTokens}`,
  template: '{{ .Prompt }}',
  details,
  model_info: {
    'general.architecture': 'llama',
    'general.parameter_count': 8_030_261_312,
    'llama.context_length': contextTokens,
  },
  capabilities: ['completion', 'tools'],
})
