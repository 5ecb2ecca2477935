import type { Need } from '../core/ask.ts'
import type { Backend, Call, Health, ListedModel, Setting } from '../core/backend.ts'
import { Fault } from '../core/fault.ts'
import { isObject, type Json } from '../core/json.ts'
import { countIn, glimpse, loadMaxMs, objectAt, objectsIn, order, refuseDenied, textIn, textsIn } from './asking.ts'
import * as fields from './fields.ts'
import { oneTool } from './lmstudio-tools.ts'
import { openAiCompatible } from './openai-compatible.ts'
import { homeEdits } from './openai-edits.ts'

/** LM Studio: many models on one desk. Its own API, where the version has it, tells what is loaded and how. */
export const lmstudio: Backend = {
  ...openAiCompatible,
  kind: 'lmstudio',
  title: 'LM Studio',
  keepsPrompts: 'slots',
  speaks: { ...openAiCompatible.speaks, 'openai-responses': '/v1/responses' },
  usualPort: 1234,
  modelFolders: ['~/.lmstudio/models'],
  lacks: ['infill', 'audio', 'logprobs'],
  remembers: true,
  probe,
  edits: homeEdits({
    fields: {
      'openai-chat': fields.lmstudioChat,
      'openai-completions': fields.lmstudioCompletions,
      'openai-embeddings': fields.embeddings,
      'openai-responses': fields.responses,
    },
    also: oneTool,
  }),
  load,
  unload,
}

async function probe(call: Call): Promise<Health> {
  const models = (await newerList(call)) ?? (await olderList(call))
  if (models === undefined) return openAiCompatible.probe(call)
  const advice = await thrashing(call, models)
  return { models, ...(advice.length > 0 && { advice }) }
}

const newerPath = '/api/v1/models'

/** Since 0.4.0. */
async function newerList(call: Call): Promise<readonly ListedModel[] | undefined> {
  const models = await listAt(call, newerPath, 'models')
  return models?.filter(({ key }) => textIn(key) !== undefined).map(fromNewer)
}

function fromNewer(model: Json): ListedModel {
  const instances = objectsIn(model['loaded_instances'])
  const contexts = instances.flatMap((instance) => countIn(objectAt(instance, 'config')['context_length']) ?? [])
  const slots = instances.reduce((sum, one) => sum + (countIn(objectAt(one, 'config')['parallel']) ?? 0), 0)
  // A request may go to any of them.
  const contextTokens = contexts.length > 0 ? Math.min(...contexts) : countIn(model['max_context_length'])
  const { capabilities } = model
  return {
    id: String(model['key']),
    loaded: instances.length > 0,
    ...(contextTokens !== undefined && { contextTokens }),
    ...(slots > 0 && { slots }),
    ...(model['type'] === 'embedding' && { can: vectors }),
    ...(model['type'] === 'llm' && isObject(capabilities) && { can: canBy(capabilities) }),
    about: model,
  }
}

const vectors: ReadonlySet<Need> = new Set<Need>(['vectors'])

function canBy({ vision, trained_for_tool_use: tools, reasoning }: Json): ReadonlySet<Need> {
  const can = new Set<Need>(['chat', 'text'])
  if (vision === true) can.add('vision')
  if (tools === true) can.add('tools')
  if (isObject(reasoning)) can.add('thinking')
  return can
}

async function olderList(call: Call): Promise<readonly ListedModel[] | undefined> {
  const models = await listAt(call, '/api/v0/models', 'data')
  return models?.filter(({ id }) => textIn(id) !== undefined).map(fromOlder)
}

function fromOlder(model: Json): ListedModel {
  const { type, state, capabilities } = model
  const contextTokens = countIn(model['loaded_context_length']) ?? countIn(model['max_context_length'])
  const can = new Set<Need>(['chat', 'text', 'thinking'])
  if (type === 'vlm') can.add('vision')
  // Versions that do not tell may have it.
  if (!Array.isArray(capabilities) || textsIn(capabilities).includes('tool_use')) can.add('tools')
  return {
    id: String(model['id']),
    ...(contextTokens !== undefined && { contextTokens }),
    ...(typeof state === 'string' && { loaded: state === 'loaded' }),
    ...(type === 'embeddings' && { can: vectors }),
    ...((type === 'llm' || type === 'vlm') && { can }),
    about: model,
  }
}

/** Undefined where this version has no such list; a key that is wrong is said so. */
async function listAt(call: Call, path: string, key: string): Promise<readonly Json[] | undefined> {
  const { status, json } = await call({ method: 'GET', path })
  refuseDenied(status, `GET ${path}`)
  return status === 200 && isObject(json) && Array.isArray(json[key]) ? objectsIn(json[key]) : undefined
}

/** What it lists for everybody is what it would load when asked; with that switched off, what is loaded. */
async function thrashing(call: Call, models: readonly ListedModel[]): Promise<readonly string[]> {
  if (models.length < 2 || models.every(({ loaded }) => loaded !== false)) return []
  const list = await glimpse(call, '/v1/models')
  const listed = new Set(objectsIn(objectAt(list, 'json')['data']).map(({ id }) => id))
  if (!models.some(({ id, loaded }) => loaded === false && listed.has(id))) return []
  return [
    'LM Studio loads models as they are asked for, and with Auto-Evict throws out the last one for the next: requests for ' +
      'two models in turn wait for a load each. Switch Auto-Evict off if both fit into memory.',
  ]
}

/** A second load would make a second instance beside the first. */
async function load(call: Call, { model, contextTokens }: Setting): Promise<void> {
  if ((await instancesOf(call, model)).length > 0) return
  const wish = contextTokens === undefined ? {} : { context_length: contextTokens }
  await order(call, { method: 'POST', path: `${newerPath}/load`, body: { model, ...wish }, timeoutMs: loadMaxMs })
}

const unloadMaxMs = 60_000

async function unload(call: Call, model: string): Promise<void> {
  for (const id of await instancesOf(call, model)) {
    await order(call, {
      method: 'POST',
      path: `${newerPath}/unload`,
      body: { instance_id: id },
      timeoutMs: unloadMaxMs,
    })
  }
}

async function instancesOf(call: Call, model: string): Promise<readonly string[]> {
  const models = await listAt(call, newerPath, 'models')
  if (models === undefined)
    throw new Fault('not-supported', 'This LM Studio cannot be told to load a model: update it to 0.4.0 or later.')
  const entry = models.find(({ key }) => key === model)
  return objectsIn(entry?.['loaded_instances']).flatMap(({ id }) => textIn(id) ?? [])
}
