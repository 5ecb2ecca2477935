import type { Backend, Call, Health, ListedModel } from '../core/backend.ts'
import { isObject, type Json } from '../core/json.ts'
import { ask, countIn, objectAt, objectsIn, textIn, textsIn } from './asking.ts'
import * as fields from './fields.ts'
import { homeEdits } from './openai-edits.ts'

/** Any server with OpenAI's API. Kinds with more to them start from this one. */
export const openAiCompatible: Backend = {
  kind: 'openai-compatible',
  title: 'an OpenAI-compatible server',
  speaks: {
    'openai-chat': '/v1/chat/completions',
    'openai-completions': '/v1/completions',
    'openai-embeddings': '/v1/embeddings',
  },
  usualPort: undefined,
  tier: 0,
  initialConcurrency: 4,
  // Nearly all do, and those that say how much of a prompt they had are believed.
  keepsPrompts: 'blocks',
  authorize: (key) => [['authorization', `Bearer ${key}`]],
  probe,
  edits: homeEdits({
    fields: {
      'openai-chat': fields.anyChat,
      'openai-completions': fields.anyCompletions,
      'openai-embeddings': fields.embeddings,
    },
  }),
}

async function probe(call: Call): Promise<Health> {
  const list = await listModels(call)
  const advice = betterKinds(list)
  return { models: list.map(listed), ...(advice.length > 0 && { advice }) }
}

/** Whatever answers to `GET /v1/models`, as it is. */
export async function listModels(call: Call, query = ''): Promise<readonly Json[]> {
  // The list is null where there are no models, on servers written in Go.
  const { data } = await ask(call, { method: 'GET', path: `/v1/models${query}` })
  return objectsIn(data).filter(({ id }) => textIn(id) !== undefined)
}

export function listed(model: Json): ListedModel {
  // The status of llama-server's router tells the paths of its machine, and so may the root of vLLM's models.
  const { status, root: _, ...about } = model
  const contextTokens =
    countIn(model['max_model_len']) ?? countIn(objectAt(model, 'meta')['n_ctx']) ?? countIn(model['context_length'])
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

/** Who signs their models with which name. */
const owners: Readonly<Record<string, { readonly title: string; readonly kind: string }>> = {
  library: { title: 'Ollama', kind: 'ollama' },
  vllm: { title: 'vLLM', kind: 'vllm' },
  llamacpp: { title: "llama.cpp's llama-server", kind: 'llamacpp' },
  sglang: { title: 'SGLang', kind: 'sglang' },
}

/** A server that is known by more than this API is better asked by what else it has. */
function betterKinds(list: readonly Json[]): readonly string[] {
  const found = new Set(list.map(({ owned_by: owner }) => owner).filter((owner) => typeof owner === 'string'))
  return [...found].flatMap((owner) => {
    const better = Object.hasOwn(owners, owner) ? owners[owner] : undefined
    return better === undefined ? [] : [`This looks like ${better.title}: write kind: ${better.kind}, which does more.`]
  })
}
