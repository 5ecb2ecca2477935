import type { Inbound } from '../../core/world.ts'
import type { Question } from '../answer.ts'
import { contextOf, type Host, type Request } from '../manner.ts'
import { tokensIn } from '../prefixes.ts'
import { json, type Wording } from '../responses.ts'
import type { ModelSpec } from '../server-spec.ts'
import type { AnthropicAccent } from '../wires/anthropic-accents.ts'
import { anthropicScribe } from '../wires/anthropic-messages.ts'
import { anthropicError, readAnthropic } from '../wires/anthropic-request.ts'
import { type Json, positive } from '../wires/request.ts'

/** Where servers that speak Anthropic's dialect differ. */
export interface AnthropicKind {
  readonly accent: AnthropicAccent
  readonly idPrefix: string
  /** A model that thinks does so unless it is told not to. */
  readonly thinksUnasked?: boolean
  /** Where nothing is said of a limit; undefined where one must be given. */
  readonly limitUsual: number | undefined
  readonly limitMissing: string
  readonly error?: (status: number, message: string) => string
  readonly unknown?: (name: string) => string
  readonly absent?: (host: Host, model: ModelSpec, request: Request) => Wording | undefined
  readonly within: (question: Question, contextTokens: number) => Question | Wording
  readonly loaded?: (host: Host, question: Question, body: Json) => Question
}

export function messages(kind: AnthropicKind, host: Host, request: Request): Inbound | Promise<Inbound> {
  const { accent, limitUsual, error = anthropicError } = kind
  const refuse = (status: number, message: string): Inbound => host.refuse({ status, text: error(status, message) })
  const { body } = request
  const limit = body['max_tokens'] ?? limitUsual
  if (positive(limit) === undefined) return refuse(400, kind.limitMissing)
  const asked = readAnthropic({ ...body, max_tokens: limit })
  if (typeof asked === 'string') return refuse(400, asked)
  const model = host.modelCalled(asked.model)
  if (model === undefined) return refuse(404, kind.unknown?.(asked.model) ?? `model: ${asked.model}`)
  const absent = kind.absent?.(host, model, request)
  if (absent !== undefined) return host.refuse(absent)
  if (model.dimensions !== undefined) return refuse(400, 'This model does not generate text.')
  if (asked.hasImages === true && model.sees !== true) return refuse(400, 'This model does not support image input.')
  const kept = kind.within(asked, contextOf(host, model))
  if ('status' in kept) return host.refuse(kept)
  const wanted = kind.loaded?.(host, kept, body) ?? kept
  const question = { ...wanted, thinks: (asked.thinks ?? kind.thinksUnasked ?? false) && model.thinks === true }
  return host.tell(question, anthropicScribe(question, `${kind.idPrefix}${host.spec.name}-${host.nextId()}`, accent))
}

/** As many tokens as a prompt would have. */
export function countTokens(host: Host, { body }: Request): Inbound {
  const asked = readAnthropic({ ...body, max_tokens: 1 })
  if (typeof asked === 'string') return host.refuse({ status: 400, text: anthropicError(400, asked) })
  return json({ input_tokens: Math.max(tokensIn(asked.prompt), 1) })
}
