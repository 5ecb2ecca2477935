import type { Backend, Call, Health, ListedModel } from '../core/backend.ts'
import type { Edits, Json } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import { ask, objectsIn, tokensIn } from './asking.ts'

/**
 * Ollama, by its own API only: its `/v1` cuts long prompts down without a word, swallows errors in mid-stream, and ignores
 * `max_completion_tokens`.
 */
export const ollama: Backend = {
  kind: 'ollama',
  title: 'Ollama',
  speaks: { 'ollama-chat': '/api/chat' },
  usualPort: 11434,
  tier: 0,
  // OLLAMA_NUM_PARALLEL is 1 unless somebody set it; one more waits inside and shows whether there is room.
  initialConcurrency: 2,
  authorize: (key) => [['authorization', `Bearer ${key}`]],
  probe,
  edits,
  describe,
}

async function probe(call: Call): Promise<Health> {
  // Others answer /api/tags as well; only Ollama has this one.
  const { version } = await ask(call, { method: 'GET', path: '/api/version' })
  const [tags, running] = await Promise.all([ask(call, { method: 'GET', path: '/api/tags' }), listRunning(call)])
  const models = objectsIn(tags['models'])
    .filter((model) => typeof model['name'] === 'string' && !isElsewhere(model))
    .map((model) => listed(model, running))
  return { models, ...(typeof version === 'string' && { version }) }
}

/** What is in memory, by name. It stands still while a runner hangs, and then the rest is worth knowing all the same. */
async function listRunning(call: Call): Promise<ReadonlyMap<string, Json> | undefined> {
  try {
    const { models } = await ask(call, { method: 'GET', path: '/api/ps' })
    return new Map(objectsIn(models).map((model) => [String(model['name']).toLowerCase(), model]))
  } catch {
    return undefined
  }
}

/** A model that this Ollama only passes on to ollama.com: prompts would leave the house under a local name. */
function isElsewhere(model: Json): boolean {
  return Boolean(model['remote_host']) || Boolean(model['remote_model']) || /[:-]cloud$/i.test(String(model['name']))
}

function listed(model: Json, running: ReadonlyMap<string, Json> | undefined): ListedModel {
  const id = String(model['name'])
  const resident = running?.get(id.toLowerCase())
  const details = isObject(model['details']) ? model['details'] : {}
  // In memory the context is what it was loaded with; before that only what the model was made for.
  const contextTokens = tokensIn(resident?.['context_length']) ?? tokensIn(details['context_length'])
  const about =
    resident === undefined ? model : { ...model, size_vram: resident['size_vram'], expires_at: resident['expires_at'] }
  return {
    id,
    aliases: aliasesOf(id),
    ...(contextTokens !== undefined && { contextTokens }),
    ...(running !== undefined && { loaded: resident !== undefined }),
    about,
  }
}

/** Ollama takes a name with and without `:latest`, in capitals or not. */
function aliasesOf(id: string): string[] {
  const spellings = new Set([id])
  if (/:latest$/i.test(id)) spellings.add(id.slice(0, -':latest'.length))
  else if (!id.includes(':')) spellings.add(`${id}:latest`)
  for (const spelling of spellings) spellings.add(spelling.toLowerCase())
  spellings.delete(id)
  return [...spellings]
}

async function describe(call: Call, model: string): Promise<Json> {
  const { tensors: _, ...about } = await ask(call, { method: 'POST', path: '/api/show', body: { model } })
  return about
}

/** Changing one of these between two requests loads the model anew, for everyone who waits for it. */
const loadOptions: ReadonlySet<string> = new Set([
  'num_ctx',
  'num_batch',
  'num_gpu',
  'main_gpu',
  'use_mmap',
  'num_thread',
  'draft_num_predict',
  'shift',
])

/** What Ollama would take for a field of a chat request, however it is spelt. */
const fields: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'stream',
  'format',
  'options',
  'keep_alive',
  'tools',
  'think',
  'truncate',
  'shift',
  'logprobs',
  'top_logprobs',
])

function edits(dialect: string, body: Json): Edits | undefined {
  if (dialect !== 'ollama-chat') return undefined
  const changes: Record<string, unknown> = {}
  // A prompt that does not fit is an error, not a reason to forget half of it.
  if (body['truncate'] !== false) changes['truncate'] = false
  for (const key in body) {
    // `keep_alive: 0` throws the model out for everybody, and any other value can keep all other models from loading.
    if (key === 'keep_alive' || key === 'shift' || isRespelt(key)) changes[key] = undefined
  }
  const options = body['options']
  if (isObject(options) && Object.entries(options).some(([name, value]) => isUnwanted(name, value))) {
    changes['options'] = Object.fromEntries(Object.entries(options).filter(([name, value]) => !isUnwanted(name, value)))
  }
  return Object.keys(changes).length === 0 ? undefined : changes
}

/** Zero is not "nothing": it takes away even the bound that there is without the option. */
function isUnwanted(option: string, value: unknown): boolean {
  const name = option.toLowerCase()
  return loadOptions.has(name) || (name === 'num_predict' && typeof value === 'number' && value <= 0)
}

/** Go's JSON does not mind case, nor letters that only fold to ASCII; of two spellings the last one wins. */
function isRespelt(key: string): boolean {
  return !fields.has(key) && fields.has(key.toUpperCase().toLowerCase())
}
