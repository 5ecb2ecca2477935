import type { Backend, Call, Health, ListedModel, Setting } from '../core/backend.ts'
import { Fault } from '../core/fault.ts'
import { isObject, type Json } from '../core/json.ts'
import { ask, loadMaxMs, objectAt, order, textIn } from './asking.ts'
import * as fields from './fields.ts'
import { listed, listModels, openAiCompatible } from './openai-compatible.ts'
import { homeEdits } from './openai-edits.ts'

/** Exo: several machines as one. A model is placed on them first; until then it is not found. */
export const exo: Backend = {
  ...openAiCompatible,
  kind: 'exo',
  title: 'Exo',
  speaks: { 'openai-chat': '/v1/chat/completions' },
  usualPort: 52415,
  initialConcurrency: 2,
  keepsPrompts: 'slots',
  lacks: ['logprobs', 'audio'],
  probe,
  edits: homeEdits({ fields: { 'openai-chat': fields.exoChat } }),
  // It refuses what does not fit beside the rest.
  swaps: false,
  load,
  unload,
}

async function probe(call: Call): Promise<Health> {
  // All that there are would be hundreds; a version without the question answers with them.
  const [list, instances] = await Promise.all([listModels(call, '?status=downloaded'), instancesIn(call)])
  const models = list.map((model): ListedModel => ({
    ...listed(model),
    loaded: isReady(instances, String(model['id'])),
  }))
  const known = new Set(models.map(({ id }) => id))
  const others = new Set(instances.map(({ model }) => model).filter((model) => !known.has(model)))
  return { models: [...models, ...Array.from(others, (id) => ({ id, loaded: isReady(instances, id) }))] }
}

/** A model as it is placed. */
interface Instance {
  readonly id: string
  readonly model: string
  readonly ready: boolean
}

async function instancesIn(call: Call): Promise<readonly Instance[]> {
  const state = await ask(call, { method: 'GET', path: '/state' })
  const runners = objectAt(state, 'runners')
  return Object.entries(objectAt(state, 'instances')).flatMap(([id, tagged]) => {
    // Under the name of its sort: `{MlxRingInstance: {…}}`.
    const instance = isObject(tagged) ? Object.values(tagged).find(isObject) : undefined
    const shards = objectAt(instance, 'shardAssignments')
    const model = textIn(shards['modelId'])
    if (model === undefined) return []
    return [{ id, model, ready: Object.keys(objectAt(shards, 'runnerToShard')).every((name) => works(runners[name])) }]
  })
}

/** A runner that is not told of has come up with its instance, as far as anybody knows. */
const works = (runner: unknown): boolean =>
  !isObject(runner) || Object.keys(runner).some((state) => state === 'RunnerReady' || state === 'RunnerRunning')

const isReady = (instances: readonly Instance[], wanted: string): boolean =>
  instances.some(({ model, ready }) => model === wanted && ready)

async function load(call: Call, { model }: Setting): Promise<void> {
  const instances = await instancesIn(call)
  if (!instances.some((instance) => instance.model === model)) {
    const where: Json = { model_id: model, sharding: 'Pipeline', instance_meta: 'MlxRing', min_nodes: 1 }
    await order(call, { method: 'POST', path: '/place_instance', body: where })
  }
  const seconds = loadMaxMs / 1_000
  const path = `/instance/await?model_id=${encodeURIComponent(model)}&timeout_seconds=${seconds}`
  // A stream of one event, under HTTP 200 whatever it says.
  const { text } = await order(call, { method: 'GET', path, timeoutMs: loadMaxMs + 10_000 })
  if (/"(type|status)"\s*:\s*"ready"|^event:\s*ready/m.test(text)) return
  throw new Fault('upstream-slow', `Exo did not get ${model} ready within ${seconds / 60} minutes.`)
}

async function unload(call: Call, model: string): Promise<void> {
  for (const instance of await instancesIn(call)) {
    if (instance.model !== model) continue
    await order(call, { method: 'DELETE', path: `/instance/${encodeURIComponent(instance.id)}` })
  }
}
