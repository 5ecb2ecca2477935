import type { Inbound } from '../../core/world.ts'
import type { Question } from '../answer.ts'
import { type Host, type Manner, queryOf, type Request, type Route } from '../manner.ts'
import { tokensIn } from '../prefixes.ts'
import { json, jsonAnswer, textAnswer, type Wording } from '../responses.ts'
import type { ModelSpec } from '../server-spec.ts'
import { llamacppAccent, llamacppError } from '../wires/accents.ts'
import { llamacppAnthropicAccent } from '../wires/anthropic-accents.ts'
import { llamacppChatScribe } from '../wires/llamacpp-chat.ts'
import { llamacppCompletionScribe } from '../wires/openai-completions.ts'
import { heard, type Json, type Message } from '../wires/request.ts'
import { countTokens, messages } from './anthropic-routes.ts'
import { isRouter, llamacppRouter, notLoaded } from './llamacpp-router.ts'
import { asOllama, llamacppState, modelEntry, props } from './llamacpp-state.ts'
import { type OpenAiKind, openAiRoutes } from './openai-routes.ts'

const refused = (status: number, message: string): Wording => ({ status, text: llamacppError(status, message) })

/** With one model, any name is that model's. */
function modelCalled(models: readonly ModelSpec[], name: string): ModelSpec | undefined {
  return models.length === 1 ? models[0] : models.find((model) => model.name === name)
}

const meant = (host: Host, body: Json): Json => (isRouter(host) ? body : { ...body, model: host.spec.models[0]!.name })

/** A prompt may have one token less than the context, and the answer has what is left of it. */
function within(question: Question, contextTokens: number): Question | Wording {
  const tokens = tokensIn(question.prompt)
  if (tokens < contextTokens) {
    const { outputTokensMax: limit = Infinity } = question
    return { ...question, outputTokensMax: Math.min(limit, contextTokens - tokens) }
  }
  const message = `request (${tokens} tokens) exceeds the available context size (${contextTokens} tokens), try increasing it`
  const error = { code: 400, message, type: 'exceed_context_size_error', n_prompt_tokens: tokens, n_ctx: contextTokens }
  return { status: 400, text: JSON.stringify({ error }) }
}

const kind: OpenAiKind = {
  accent: llamacppAccent,
  meant,
  about: modelEntry,
  beside: asOllama,
  chatScribe: llamacppChatScribe,
  completionScribe: (question, _, about) => llamacppCompletionScribe(question, about),
  unknown: (name) => refused(400, `model '${name}' not found`),
  absent: (host, model, request) => (isForbidden(host, model, request) ? refused(400, notLoaded) : undefined),
  within,
  // What is not streamed begins with what was there already.
  loaded: (_, question) => ({ ...question, repeats: !question.stream }),
  noSight: refused(
    500,
    'image input is not supported - hint: if this is unexpected, you may need to provide the mmproj',
  ),
  noText: refused(500, 'the current context does not support logits computation. skipping'),
  tooLongForVector: (tokens) =>
    refused(
      500,
      `input (${tokens} tokens) is too large to process. increase the physical batch size (current batch size: 512)`,
    ),
  noVectors: refused(501, 'This server does not support embeddings. Start it with `--embeddings`'),
  keeps: 'refuses',
}

/** Whoever says so wants an answer only of a model that is there. */
function isForbidden({ engine }: Host, { name }: ModelSpec, request: Request): boolean {
  return queryOf(request, 'autoload') === 'false' && engine.residents.every((resident) => resident.name !== name)
}

const ok: Route = () => json({ status: 'ok' })

const twoAssistants = 'Cannot have 2 or more assistant messages at the end of the list.'

const openAi = openAiRoutes(kind)

export const llamacpp: Manner = {
  modelCalled,
  wrongMethod: 404,
  open: new Set(['/health', '/v1/health']),
  keyHeader: 'x-api-key',
  error: (status, message) =>
    jsonAnswer(
      status,
      llamacppError(status, status === 401 ? 'Invalid API Key' : status === 404 ? 'File Not Found' : message),
    ),
  headers: (status): Record<string, string> => ({ server: 'llama.cpp', ...(status >= 400 && { connection: 'close' }) }),
  whileLoading: () => jsonAnswer(503, llamacppError(503, 'Loading model')),
  routes: {
    'GET /health': ok,
    'HEAD /health': () => textAnswer(200, ''),
    'GET /v1/health': ok,
    'GET /props': props,
    ...openAi,
    ...llamacppState,
    ...llamacppRouter,
    'POST /v1/chat/completions': (host, request) => {
      const turns = request.body['messages']
      const isTwice = Array.isArray(turns) && turns.slice(-2).every((turn: Message) => turn.role === 'assistant')
      if (isTwice && turns.length > 1) return host.refuse(refused(400, twoAssistants))
      return openAi['POST /v1/chat/completions']!(host, request)
    },
    'POST /v1/messages': (host, request) =>
      messages(
        {
          accent: llamacppAnthropicAccent,
          idPrefix: 'chatcmpl-',
          thinksUnasked: true,
          limitUsual: 4_096,
          limitMissing: '',
          error: llamacppError,
          unknown: (name) => `model '${name}' not found`,
          absent: kind.absent!,
          within,
          loaded: kind.loaded!,
        },
        host,
        { ...request, body: meant(host, request.body) },
      ),
    'POST /v1/messages/count_tokens': (host, request) =>
      countTokens(host, { ...request, body: meant(host, request.body) }),
    'POST /v1/chat/completions/input_tokens': (_, { body }) => {
      const { prompt } = heard((body['messages'] ?? []) as readonly Message[])
      return json({ input_tokens: Math.max(tokensIn(prompt), 1), object: 'response.input_tokens' })
    },
    'POST /apply-template': (_, { body }) =>
      json({ prompt: heard((body['messages'] ?? []) as readonly Message[]).prompt }),
    'POST /tokenize': (_, { body }) => tokenized(body),
  },
}

const tokenized = ({ content }: Json): Inbound =>
  json({ tokens: Array.from({ length: tokensIn(String(content)) }, (_, index) => 100 + index) })
