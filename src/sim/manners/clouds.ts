import type { Inbound } from '../../core/world.ts'
import type { Question } from '../answer.ts'
import { exactly, headerOf, type Host, type Manner, type Request, type Route } from '../manner.ts'
import { tokensIn } from '../prefixes.ts'
import { json, jsonAnswer, type Wording } from '../responses.ts'
import type { ModelSpec } from '../server-spec.ts'
import { cloudAccent, genericAccent } from '../wires/accents.ts'
import { anthropicAccent } from '../wires/anthropic-accents.ts'
import { anthropicError } from '../wires/anthropic-request.ts'
import type { Json } from '../wires/request.ts'
import { type AnthropicKind, countTokens, messages } from './anthropic-routes.ts'
import { openAiRoutes } from './openai-routes.ts'

export const openai: Manner = {
  modelCalled: exactly,
  wrongMethod: 405,
  error: (status, message) => jsonAnswer(status, cloudAccent.error(status, message)),
  routes: openAiRoutes({ accent: cloudAccent, keeps: 'yes' }),
}

/** Any of the many servers that speak OpenAI's dialects and little else. */
export const generic: Manner = {
  modelCalled: exactly,
  wrongMethod: 405,
  error: (status, message) => jsonAnswer(status, genericAccent.error(status, message)),
  routes: openAiRoutes({ accent: genericAccent }),
}

const versions: ReadonlySet<string> = new Set(['2023-06-01', '2026-10-21'])

/** What is not a field of a request is an error here. */
const takes: ReadonlySet<string> = new Set([
  'model',
  'max_tokens',
  'messages',
  'system',
  'stop_sequences',
  'stream',
  'temperature',
  'top_p',
  'top_k',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'metadata',
  'service_tier',
  'cache_control',
  'container',
  'context_management',
  'inference_geo',
  'mcp_servers',
  'speed',
  'diagnostics',
])

const refused = (status: number, message: string): Wording => ({ status, text: anthropicError(status, message) })

/** Without a version nothing is answered; in the newer one nobody chooses how tokens are drawn. */
function complaintAbout(request: Request): Wording | undefined {
  const version = headerOf(request, 'anthropic-version')
  if (version === undefined) return refused(400, 'anthropic-version: header is required')
  if (!versions.has(version)) return refused(400, `anthropic-version: "${version}" is not a valid version`)
  const gone = version === '2023-06-01' ? [] : ['temperature', 'top_p', 'top_k']
  const wrong = Object.keys(request.body).find((key) => !takes.has(key) || gone.includes(key))
  return wrong === undefined ? undefined : refused(400, `${wrong}: Extra inputs are not permitted`)
}

const checked =
  (route: Route): Route =>
  (host, request) => {
    const wrong = complaintAbout(request)
    return wrong === undefined ? route(host, request) : host.refuse(wrong)
  }

function within(question: Question, most: number): Question | Wording {
  const prompt = tokensIn(question.prompt)
  const { outputTokensMax: answer = 0, said } = question
  if (prompt > most) return refused(400, `prompt is too long: ${prompt} tokens > ${most} maximum`)
  if (prompt + answer > most) {
    const message = `input length and \`max_tokens\` exceed context limit: ${prompt} + ${answer} > ${most}`
    return refused(400, `${message}, decrease input length or \`max_tokens\` and try again`)
  }
  if (said !== undefined && said !== said.trimEnd())
    return refused(400, 'messages: final assistant content cannot end with trailing whitespace')
  return question
}

const kind: AnthropicKind = {
  accent: anthropicAccent,
  idPrefix: 'msg_',
  limitUsual: undefined,
  limitMissing: 'max_tokens: Field required',
  within,
}

const entry = ({ name }: ModelSpec): Json => ({
  type: 'model',
  id: name,
  display_name: name,
  created_at: '2026-01-01T00:00:00Z',
})

const listModels = ({ spec }: Host): Inbound =>
  json({
    data: spec.models.map(entry),
    has_more: false,
    first_id: spec.models[0]?.name ?? null,
    last_id: spec.models.at(-1)?.name ?? null,
  })

export const anthropic: Manner = {
  modelCalled: exactly,
  wrongMethod: 405,
  keyHeader: 'x-api-key',
  error: (status, message) =>
    jsonAnswer(status, anthropicError(status, status === 401 ? 'invalid x-api-key' : message)),
  headers: () => ({ 'request-id': 'req_sim' }),
  routes: {
    'GET /v1/models': checked(listModels),
    'GET /v1/models/*': checked((host, { rest }) => {
      const model = host.modelCalled(decodeURIComponent(rest))
      return model === undefined ? host.refuse(refused(404, `model: ${rest}`)) : json(entry(model))
    }),
    'POST /v1/messages': checked((host, request) => messages(kind, host, request)),
    'POST /v1/messages/count_tokens': checked((host, request) => {
      const known = host.modelCalled(String(request.body['model'])) !== undefined
      return known ? countTokens(host, request) : host.refuse(refused(404, `model: ${String(request.body['model'])}`))
    }),
  },
}
