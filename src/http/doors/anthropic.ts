import { Fault } from '../../core/fault.ts'
import type { Json } from '../../core/json.ts'
import type { Question } from './door.ts'
import { type FleetModel, modelNamed, modelsFor, secondsOf } from './models.ts'

const pageUsual = 20
const pageMax = 1_000

/** Whether the question came from one of Anthropic's clients, whose list has another shape at the same address. */
export const isAnthropic = ({ header }: Pick<Question, 'header'>): boolean => header('anthropic-version') !== undefined

/** A page of the list: the first, or the one behind or before an id. */
export function listAnthropic(question: Question): Json {
  const { query } = question
  const all = modelsFor(question)
  const limit = limitIn(query.get('limit'))
  const after = query.get('after_id')
  const before = query.get('before_id')
  const from = after === null ? 0 : all.findIndex(({ name }) => name === after) + 1
  const to = before === null ? all.length : all.findIndex(({ name }) => name === before)
  const range = all.slice(from, to === -1 ? all.length : to)
  const page = before === null ? range.slice(0, limit) : range.slice(-limit)
  return {
    data: page.map(described),
    has_more: page.length < range.length,
    first_id: page[0]?.name ?? null,
    last_id: page.at(-1)?.name ?? null,
  }
}

export function showAnthropic(question: Question): Json {
  return described(modelNamed(question, question.rest))
}

const described = ({ name, about }: FleetModel): Json => ({
  type: 'model',
  id: name,
  display_name: name,
  created_at: new Date(secondsOf(about) * 1_000).toISOString().replace('.000Z', 'Z'),
})

function limitIn(text: string | null): number {
  if (text === null) return pageUsual
  const limit = Number(text)
  if (Number.isInteger(limit) && limit >= 1 && limit <= pageMax) return limit
  throw new Fault('bad-request', `limit must be a number from 1 to ${pageMax}.`)
}

/** How many tokens a request would have: counted by a server that has the model, else estimated, and rather too many. */
export async function countTokens({ gateway, caller, body, signal }: Question): Promise<Json> {
  const dialect = gateway.dialects.find(({ id }) => id === 'anthropic-messages')
  if (dialect === undefined) throw new Fault('not-supported', 'Tokens are not counted here.')
  // The limit of an answer is required of a request, and means nothing to one that is only counted.
  const tokens = await gateway.countTokens({ dialect, body: { ...body, max_tokens: 1, stream: false }, caller, signal })
  return { input_tokens: tokens }
}
