import type { Backend, Call, Health, ListedModel } from '../core/backend.ts'
import { type Edits, isObject, type Json } from '../core/json.ts'
import { ask, objectsIn, textsIn, tokensIn } from './asking.ts'

/** Any server with OpenAI's chat API. Kinds with more to them start from this one. */
export const openAiCompatible: Backend = {
  kind: 'openai-compatible',
  title: 'an OpenAI-compatible server',
  speaks: { 'openai-chat': '/v1/chat/completions' },
  usualPort: undefined,
  tier: 0,
  initialConcurrency: 4,
  authorize: (key) => [['authorization', `Bearer ${key}`]],
  probe,
  edits,
}

async function probe(call: Call): Promise<Health> {
  // The list is null where there are no models, on servers written in Go.
  const { data } = await ask(call, { method: 'GET', path: '/v1/models' })
  return {
    models: objectsIn(data)
      .filter((model) => typeof model['id'] === 'string' && model['id'] !== '')
      .map(listed),
  }
}

function listed(model: Json): ListedModel {
  // The status of llama-server's router tells the paths of its machine.
  const { status, ...about } = model
  const meta = isObject(model['meta']) ? model['meta'] : {}
  const contextTokens = tokensIn(model['max_model_len']) ?? tokensIn(meta['n_ctx']) ?? tokensIn(model['context_length'])
  const state = isObject(status) ? status['value'] : undefined
  const aliases = textsIn(model['aliases']).filter((alias) => alias !== model['id'])
  return {
    id: String(model['id']),
    ...(aliases.length > 0 && { aliases }),
    ...(contextTokens !== undefined && { contextTokens }),
    ...(typeof state === 'string' && { loaded: state === 'loaded' }),
    about,
  }
}

/** Some servers know only the older of the two names for the limit; the others mind neither. */
function edits(_dialect: string, body: Json): Edits | undefined {
  const limit = body['max_completion_tokens']
  if (typeof limit !== 'number' || typeof body['max_tokens'] === 'number') return undefined
  return { max_tokens: limit }
}
