import type { Backend, Call, Health, ListedModel } from '../core/backend.ts'
import type { Edits, Json } from '../core/json.ts'
import { ask, countIn, objectsIn, textIn, tokenCount } from './asking.ts'
import { changed, type Changes } from './trim.ts'

/** Anthropic itself: costs money, and has two versions of its API that differ in how a key is shown. */
export const anthropic: Backend = {
  kind: 'anthropic',
  title: 'Anthropic',
  speaks: { 'anthropic-messages': '/v1/messages' },
  usualPort: undefined,
  tier: 1,
  initialConcurrency: 16,
  lacks: ['audio', 'logprobs', 'infill'],
  authorize,
  // The version of what the gateway writes itself; a caller's own is sent instead of it.
  headers: [['anthropic-version', '2023-06-01']],
  probe,
  edits,
  countTokens,
}

const bearerSince = '2026-10-21'

/** Versions are dates, and so they are in the order of their letters. One from the future is taken for the newest. */
function authorize(key: string, passed?: ReadonlyMap<string, string>): ReturnType<Backend['authorize']> {
  const version = passed?.get('anthropic-version') ?? ''
  return version >= bearerSince ? [['authorization', `Bearer ${key}`]] : [['x-api-key', key]]
}

const pagesMax = 10

async function probe(call: Call): Promise<Health> {
  const models: ListedModel[] = []
  let after = ''
  for (let page = 0; page < pagesMax; page += 1) {
    const {
      data,
      has_more: more,
      last_id: last,
    } = await ask(call, {
      method: 'GET',
      path: `/v1/models?limit=1000${after}`,
    })
    models.push(
      ...objectsIn(data)
        .filter(({ id }) => textIn(id) !== undefined)
        .map(listed),
    )
    if (more !== true || typeof last !== 'string') break
    after = `&after_id=${encodeURIComponent(last)}`
  }
  return { models }
}

function listed(model: Json): ListedModel {
  const contextTokens = countIn(model['max_input_tokens'])
  return { id: String(model['id']), ...(contextTokens !== undefined && { contextTokens }), about: model }
}

/** Claude up to 4.6. Those after it answer 400 to whoever chooses how they choose their words. */
const takesSampling = /^claude-(?:[123]\b|instant\b|(?:opus|sonnet|haiku)-4(?:-[0-6])?(?:-\d{8})?$)/
const sampling = ['temperature', 'top_p', 'top_k'] as const

/** What a caller writes for Anthropic is Anthropic's to judge, but for what the gateway's own callers could not know. */
function edits(dialect: string, body: Json, { model }: { readonly model: string }): Edits | undefined {
  if (dialect !== 'anthropic-messages' || !model.startsWith('claude-') || takesSampling.test(model)) return undefined
  let changes: Changes | undefined
  for (const name of sampling) if (body[name] !== undefined) changes = changed(changes, name, undefined)
  return changes
}

/** Of a request, what is counted. The rest is refused there. */
const counted = ['model', 'messages', 'system', 'tools', 'tool_choice', 'thinking'] as const

async function countTokens(call: Call, body: Json): Promise<number> {
  const asked = Object.fromEntries(counted.flatMap((name) => (body[name] === undefined ? [] : [[name, body[name]]])))
  const { input_tokens: count } = await ask(call, { method: 'POST', path: '/v1/messages/count_tokens', body: asked })
  return tokenCount(count)
}
