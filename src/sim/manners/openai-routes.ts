import type { Inbound } from '../../core/world.ts'
import type { Question } from '../answer.ts'
import { contextOf, type Host, type Manner, type Request, type Route } from '../manner.ts'
import { tokensIn } from '../prefixes.ts'
import { json, type Wording } from '../responses.ts'
import type { ModelSpec } from '../server-spec.ts'
import type { Scribe } from '../telling.ts'
import type { Accent } from '../wires/accents.ts'
import { type About, openAiChatScribe, readOpenAiChat, thinksBy } from '../wires/openai-chat.ts'
import { openAiCompletionScribe, readOpenAiCompletion } from '../wires/openai-completions.ts'
import { openAiEmbeddingsScribe, readOpenAiEmbeddings } from '../wires/openai-embeddings.ts'
import { openAiResponseScribe, readOpenAiResponse } from '../wires/openai-responses.ts'
import type { Json } from '../wires/request.ts'

/** A kind of server that speaks OpenAI's dialects: its accent, and where it goes its own way. */
export interface OpenAiKind {
  readonly accent: Accent
  /** What `/v1/models` says of a model beside its name and owner. */
  readonly about?: (model: ModelSpec, host: Host) => Json
  readonly chatScribe?: (question: Question, body: Json, about: About) => Scribe
  readonly completionScribe?: (question: Question, body: Json, about: About) => Scribe
  /** What stands beside the list of models. */
  readonly beside?: (model: ModelSpec) => Json
  /** The body as it is meant: a server with one model does not mind which is named. */
  readonly meant?: (host: Host, body: Json) => Json
  readonly unknown?: (name: string) => Wording
  /** Why a model that is known is not to be had now. */
  readonly absent?: (host: Host, model: ModelSpec, request: Request) => Wording | undefined
  /** The question as it is read within the context, or why it is not. */
  readonly within?: (question: Question, contextTokens: number) => Question | Wording
  /** How its model is to be loaded and kept, where a request may say so. */
  readonly loaded?: (host: Host, question: Question, body: Json) => Question
  /** What is said of a picture to a model that sees none, and of anything to one that only makes vectors. */
  readonly noSight?: Wording
  readonly noText?: Wording
  /** How a model is asked for vectors that makes none. */
  readonly noVectors?: Wording
  /** How a text that is too long for its vector is refused. */
  readonly tooLongForVector?: (tokens: number) => Wording
  /** Takes lists of tokens where others take text. */
  readonly takesTokens?: boolean
  /** An answer may be referred to by its id. */
  readonly keeps?: 'yes' | 'refuses' | 'ignores'
}

export function openAiRoutes(kind: OpenAiKind): Manner['routes'] {
  const { accent } = kind
  const list: Route = (host) => {
    const created = Math.floor(host.clock.epochMs() / 1_000)
    const data = host.spec.models.map((model) => ({
      id: model.name,
      object: 'model',
      created,
      owned_by: accent.owner,
      ...kind.about?.(model, host),
    }))
    const beside = kind.beside === undefined ? {} : { models: host.spec.models.map(kind.beside) }
    return json({ ...beside, object: 'list', data })
  }
  const one: Route = (host, { rest }) => {
    const model = host.modelCalled(decodeURIComponent(rest))
    if (model === undefined) return host.refuse(unknown(kind, rest))
    const created = Math.floor(host.clock.epochMs() / 1_000)
    return json({ id: model.name, object: 'model', created, owned_by: accent.owner, ...kind.about?.(model, host) })
  }
  return {
    'GET /v1/models': list,
    'GET /v1/models/*': one,
    'POST /v1/chat/completions': (host, request) => {
      const body = kind.meant?.(host, request.body) ?? request.body
      const asked = readOpenAiChat(body, accent)
      return answered(
        kind,
        host,
        request,
        asked,
        (question, about) => {
          const scribe = kind.chatScribe ?? openAiChatScribe
          return scribe(question, body, about)
        },
        thinksBy(body),
      )
    },
    'POST /v1/completions': (host, request) => {
      const body = kind.meant?.(host, request.body) ?? request.body
      const asked = readOpenAiCompletion(body, accent)
      return answered(kind, host, request, asked, (question, about) => {
        const scribe = kind.completionScribe ?? openAiCompletionScribe
        return scribe(question, body, about)
      })
    },
    'POST /v1/embeddings': (host, request) => vectors(kind, host, request),
    'POST /v1/responses': (host, request) => responses(kind, host, request),
  }
}

const refused = ({ accent }: OpenAiKind, status: number, message: string): Wording => ({
  status,
  text: accent.error(status, message),
})

const unknown = (kind: OpenAiKind, name: string): Wording =>
  kind.unknown?.(name) ?? refused(kind, 404, `The model \`${name}\` does not exist.`)

/** The model that is asked for, if it is there and can be asked. */
function found(kind: OpenAiKind, host: Host, request: Request, name: string): ModelSpec | Wording {
  const model = host.modelCalled(name)
  return model === undefined ? unknown(kind, name) : (kind.absent?.(host, model, request) ?? model)
}

const isWording = (value: object): value is Wording => 'status' in value

function answered(
  kind: OpenAiKind,
  host: Host,
  request: Request,
  asked: Question | string,
  scribeFor: (question: Question, about: About) => Scribe,
  mayThink = false,
): Inbound | Promise<Inbound> {
  if (typeof asked === 'string') return host.refuse(refused(kind, 400, asked))
  const model = found(kind, host, request, asked.model)
  if (isWording(model)) return host.refuse(model)
  if (model.dimensions !== undefined)
    return host.refuse(kind.noText ?? refused(kind, 400, 'This model does not generate text.'))
  if (asked.hasImages === true && model.sees !== true)
    return host.refuse(kind.noSight ?? refused(kind, 400, 'This model does not support image input.'))
  const kept = (kind.within ?? within(kind))(asked, contextOf(host, model))
  if (isWording(kept)) return host.refuse(kept)
  const wanted = kind.loaded?.(host, kept, request.body) ?? kept
  const question = { ...wanted, thinks: mayThink && model.thinks === true }
  const about = { id: `chatcmpl-${host.spec.name}-${host.nextId()}`, createdS: seconds(host), accent: kind.accent }
  return host.tell(question, scribeFor(question, about))
}

const seconds = ({ clock }: Host): number => Math.floor(clock.epochMs() / 1_000)

const within =
  (kind: OpenAiKind) =>
  (question: Question, most: number): Question | Wording => {
    const prompt = tokensIn(question.prompt)
    const { outputTokensMax: limit = 1 } = question
    const answer = limit === Infinity ? 1 : limit
    return prompt + answer <= most ? question : refused(kind, 400, kind.accent.tooLong({ prompt, answer, most }))
  }

function vectors(kind: OpenAiKind, host: Host, request: Request): Inbound | Promise<Inbound> {
  const { accent, takesTokens = true } = kind
  if (kind.noVectors !== undefined && host.spec.models.every(({ dimensions }) => dimensions === undefined))
    return host.refuse(kind.noVectors)
  const body = kind.meant?.(host, request.body) ?? request.body
  const question = readOpenAiEmbeddings(body, takesTokens, accent)
  if (typeof question === 'string') return host.refuse(refused(kind, 400, question))
  const model = found(kind, host, request, question.model)
  if (isWording(model)) return host.refuse(model)
  const { dimensions } = model
  const contextTokens = contextOf(host, model)
  if (dimensions === undefined)
    return host.refuse(kind.noVectors ?? refused(kind, 400, 'The model does not support Embeddings API'))
  const longest = Math.max(...question.texts!.map(tokensIn))
  if (longest > contextTokens) {
    const message = accent.tooLong({ prompt: longest, answer: 0, most: contextTokens })
    return host.refuse(kind.tooLongForVector?.(longest) ?? refused(kind, 400, message))
  }
  return host.tell(question, openAiEmbeddingsScribe(question, body, accent, dimensions))
}

function responses(kind: OpenAiKind, host: Host, request: Request): Inbound | Promise<Inbound> {
  const { keeps = 'ignores' } = kind
  const body = kind.meant?.(host, request.body) ?? request.body
  const previous = body['previous_response_id']
  if (typeof previous === 'string' && keeps === 'refuses')
    return host.refuse(refused(kind, 400, "llama.cpp does not support 'previous_response_id'."))
  const before = typeof previous === 'string' && keeps === 'yes' ? host.kept.get(previous) : ''
  if (before === undefined)
    return host.refuse(refused(kind, 404, `Previous response with id '${String(previous)}' not found.`))
  const asked = readOpenAiResponse(body, before, kind.accent)
  return answered(
    kind,
    host,
    request,
    asked,
    (question, about) => {
      const id = about.id.replace('chatcmpl', 'resp')
      if (keeps === 'yes' && body['store'] !== false) host.kept.set(id, question.prompt)
      return openAiResponseScribe(question, body, { ...about, id })
    },
    typeof asked === 'object' && asked.thinks === true,
  )
}
