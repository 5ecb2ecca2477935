import type { Inbound } from '../../core/world.ts'
import type { Question } from '../answer.ts'
import { contextOf, exactly, type Host, type Manner, type Route } from '../manner.ts'
import { tokensIn } from '../prefixes.ts'
import { json, jsonAnswer, type Wording } from '../responses.ts'
import type { ModelSpec } from '../server-spec.ts'
import { lmStudioAccent as accent } from '../wires/accents.ts'
import { anthropicAccent } from '../wires/anthropic-accents.ts'
import { type Json, positive } from '../wires/request.ts'
import { messages } from './anthropic-routes.ts'
import { openAiRoutes } from './openai-routes.ts'

/** A prompt that does not fit is told as if all were well: in a stream as an event, otherwise instead of an answer. */
function within(question: Question, most: number): Question | Wording {
  const prompt = tokensIn(question.prompt)
  if (prompt < most) return question
  const message = accent.tooLong({ prompt, answer: 0, most })
  if (!question.stream) return { status: 200, text: JSON.stringify({ error: message }) }
  const text = accent.trouble(JSON.stringify({ error: { message } }))
  return { status: 200, text, type: 'text/event-stream' }
}

/** `ttl`: how many seconds a model that was loaded for a request is to stay. */
function loaded(host: Host, question: Question, body: Json): Question {
  const ttl = positive(body['ttl'])
  if (ttl === undefined) return question
  host.ledger.keepAlives += 1
  return { ...question, keepMs: ttl * 1_000 }
}

const isLoaded = ({ engine }: Host, { name }: ModelSpec): boolean =>
  engine.residents.some((resident) => resident.name === name)

const typeOf = ({ dimensions, sees }: ModelSpec): string =>
  dimensions === undefined ? (sees === true ? 'vlm' : 'llm') : 'embeddings'

const notFound = (host: Host, message: string): Inbound =>
  host.refuse({ status: 404, text: JSON.stringify({ error: { type: 'model_not_found', message } }) })

const load: Route = async (host, { body }) => {
  const model = host.modelCalled(String(body['model']))
  if (model === undefined) return notFound(host, `Model ${String(body['model'])} not found`)
  const contextTokens = Math.min(positive(body['context_length']) ?? model.contextTokens, trained(model))
  const beganAt = host.clock.now()
  const setting = { key: `${contextTokens}`, contextTokens }
  const how = await host.bring(model.name, { setting, detached: true })
  if (how !== 'whole')
    return jsonAnswer(500, JSON.stringify({ error: { type: 'internal_error', message: 'Failed to load' } }))
  return json({
    type: model.dimensions === undefined ? 'llm' : 'embedding',
    instance_id: model.name,
    load_time_seconds: (host.clock.now() - beganAt) / 1_000,
    status: 'loaded',
    ...(body['echo_load_config'] === true && { load_config: { context_length: contextTokens } }),
  })
}

const unload: Route = (host, { body }) => {
  const id = String(body['instance_id'])
  return host.engine.evict(id) ? json({ instance_id: id }) : notFound(host, `No instance ${id} is loaded`)
}

const trained = ({ contextTokens, trainedTokens = contextTokens }: ModelSpec): number => trainedTokens

export const lmstudio: Manner = {
  modelCalled: exactly,
  wrongMethod: 405,
  keyHeader: 'x-api-key',
  error: (status, message) =>
    status === 404 || status === 405
      ? jsonAnswer(200, JSON.stringify({ error: `Unexpected endpoint or method. (${message})` }))
      : jsonAnswer(status, accent.error(status, message)),
  routes: {
    ...openAiRoutes({ accent, within, loaded, keeps: 'yes' }),
    'POST /v1/messages': (host, request) =>
      messages(
        {
          accent: { ...anthropicAccent, signs: false },
          idPrefix: 'msg_',
          thinksUnasked: true,
          limitUsual: undefined,
          limitMissing: 'max_tokens: Field required',
          within,
          loaded,
        },
        host,
        request,
      ),
    'GET /api/v0/models': (host) =>
      json({ data: host.spec.models.map((model) => entryV0(host, model)), object: 'list' }),
    'GET /api/v0/models/*': (host, { rest }) => {
      const model = host.modelCalled(decodeURIComponent(rest))
      return model === undefined ? notFound(host, `Model ${rest} not found`) : json(entryV0(host, model))
    },
    'GET /api/v1/models': (host) => json({ models: host.spec.models.map((model) => entryV1(host, model)) }),
    'POST /api/v1/models/load': load,
    'POST /api/v1/models/unload': unload,
  },
}

const entryV0 = (host: Host, model: ModelSpec): Json => ({
  id: model.name,
  object: 'model',
  type: typeOf(model),
  publisher: 'sim',
  arch: 'llama',
  compatibility_type: 'gguf',
  quantization: 'Q4_K_M',
  state: isLoaded(host, model) ? 'loaded' : 'not-loaded',
  max_context_length: trained(model),
  ...(isLoaded(host, model) && { loaded_context_length: contextOf(host, model) }),
  ...(model.dimensions === undefined && { capabilities: ['tool_use'] }),
})

const entryV1 = (host: Host, model: ModelSpec): Json => ({
  type: model.dimensions === undefined ? 'llm' : 'embedding',
  publisher: 'sim',
  key: model.name,
  display_name: model.name,
  architecture: 'llama',
  quantization: { name: 'Q4_K_M', bits_per_weight: 4 },
  size_bytes: 4_920_753_328,
  params_string: '8B',
  loaded_instances: isLoaded(host, model)
    ? [
        {
          id: model.name,
          config: {
            context_length: contextOf(host, model),
            eval_batch_size: 512,
            parallel: host.spec.engine.slots,
            flash_attention: true,
          },
        },
      ]
    : [],
  max_context_length: trained(model),
  format: 'gguf',
  ...(model.dimensions === undefined && {
    capabilities: {
      vision: model.sees === true,
      trained_for_tool_use: true,
      ...(model.thinks === true && { reasoning: { allowed_options: ['off', 'on'], default: 'on' } }),
    },
  }),
})
