import type { Inbound } from '../../core/world.ts'
import { exactly, type Host, type Manner, queryOf, type Route } from '../manner.ts'
import { tokensIn } from '../prefixes.ts'
import { json, jsonAnswer, textResponse, type Wording } from '../responses.ts'
import type { ModelSpec } from '../server-spec.ts'
import { exoAccent as accent } from '../wires/accents.ts'
import { anthropicAccent } from '../wires/anthropic-accents.ts'
import { anthropicError } from '../wires/anthropic-request.ts'
import { exoChatScribe } from '../wires/exo-chat.ts'
import type { Json } from '../wires/request.ts'
import { messages } from './anthropic-routes.ts'
import { ollamaTalk } from './ollama.ts'
import { ollamaModels } from './ollama-models.ts'
import { type OpenAiKind, openAiRoutes } from './openai-routes.ts'

const refused = (status: number, message: string): Wording => ({ status, text: accent.error(status, message) })

/** It is there, or was told to be and is on its way. */
const isPlaced = ({ engine }: Host, name: string): boolean =>
  engine.loading === name || engine.residents.some((resident) => resident.name === name)

const unplaced = (name: string): string => `No instance found for model ${name}`

const absent: NonNullable<OpenAiKind['absent']> = (host, { name }) =>
  isPlaced(host, name) ? undefined : refused(404, unplaced(name))

const openAi = openAiRoutes({
  accent,
  about: (model) => ({
    name: model.name,
    context_length: model.contextTokens,
    tags: [],
    storage_size_megabytes: 4_692,
    supports_tensor: false,
    tasks: ['TextGeneration'],
    is_custom: false,
    family: 'llama',
    quantization: '4bit',
    capabilities: ['text', ...(model.thinks === true ? ['thinking'] : [])],
  }),
  chatScribe: (question, _, about) => exoChatScribe(question, { ...about, id: about.id.replace('chatcmpl', 'cmd') }),
  unknown: (name) => refused(404, unplaced(name)),
  absent,
})

const place: Route = (host, { body }) => {
  const model = host.modelCalled(String(body['model_id']))
  if (model === undefined) return host.refuse(refused(404, `Model ${String(body['model_id'])} not found`))
  const { loadedMax } = host.spec.engine
  const taken = host.engine.residents.length + (host.engine.loading === undefined ? 0 : 1)
  if (!isPlaced(host, model.name)) {
    // It throws nothing out by itself.
    if (taken >= loadedMax) return host.refuse(refused(400, 'No cycles found with sufficient memory'))
    void host.bring(model.name, { detached: true }).catch(() => undefined)
  }
  return json({ message: 'Command received.', command_id: host.nextId(), model_card: { model_id: model.name } })
}

/** Ready as soon as it has a place: whoever asks before it is loaded waits. */
const awaited: Route = async (host, request) => {
  const name = queryOf(request, 'model_id') ?? ''
  const timeoutMs = Number(queryOf(request, 'timeout_seconds') ?? 0) * 1_000
  const untilMs = host.clock.now() + (timeoutMs > 0 ? timeoutMs : 300_000)
  while (!isPlaced(host, name) && host.clock.now() < untilMs) await host.clock.sleep(100)
  const said = isPlaced(host, name)
    ? { type: 'ready', instance: instance(host, name) }
    : { type: 'timeout', message: unplaced(name) }
  return textResponse({ status: 200, text: `data: ${JSON.stringify(said)}\n\n`, type: 'text/event-stream' })
}

const idOf = (name: string): string => `instance-of-${name}`

const instance = (host: Host, name: string): Json => ({
  MlxRingInstance: {
    instanceId: idOf(name),
    shardAssignments: {
      modelId: name,
      runnerToShard: { [`runner-of-${name}`]: { PipelineShardMetadata: { deviceRank: 0, worldSize: 1 } } },
      nodeToRunner: { [`node-of-${host.spec.name}`]: `runner-of-${name}` },
    },
    hostsByNode: {},
  },
})

function state(host: Host): Json {
  const { engine, spec } = host
  const placed = spec.models.filter(({ name }) => isPlaced(host, name))
  const tasks = placed.flatMap(({ name }) => {
    const { running, waiting } = engine.load(name)
    const task = (index: number, status: string): [string, Json] => [
      `task-${index}-of-${name}`,
      { TextGeneration: { taskId: `task-${index}-of-${name}`, instanceId: idOf(name), taskStatus: status } },
    ]
    return [
      ...Array.from({ length: running }, (_, index) => task(index, 'Running')),
      ...Array.from({ length: waiting }, (_, index) => task(running + index, 'Pending')),
    ]
  })
  const node = `node-of-${spec.name}`
  return {
    instances: Object.fromEntries(placed.map(({ name }) => [idOf(name), instance(host, name)])),
    runners: Object.fromEntries(placed.map(({ name }) => [`runner-of-${name}`, { [runnerState(host, name)]: {} }])),
    downloads: { [node]: [] },
    tasks: Object.fromEntries(tasks),
    nodeIdentities: { [node]: { friendlyName: spec.name } },
    nodeMemory: { [node]: { ramTotal: { inBytes: 68_719_476_736 }, ramAvailable: { inBytes: 34_359_738_368 } } },
    topology: { nodes: [node], connections: {} },
    lastEventAppliedIdx: 1,
  }
}

function runnerState({ engine }: Host, name: string): string {
  if (engine.loading === name) return 'RunnerLoading'
  return engine.load(name).running > 0 ? 'RunnerRunning' : 'RunnerReady'
}

const previews: Route = (host, request) => {
  const model = host.modelCalled(queryOf(request, 'model_id') ?? '')
  if (model === undefined) return json({ previews: [] })
  return json({ previews: [preview(host, model)] })
}

const preview = (host: Host, { name }: ModelSpec): Json => ({
  model_id: name,
  sharding: 'Pipeline',
  instance_meta: 'MlxRing',
  instance: instance(host, name),
  memory_delta_by_node: { [`node-of-${host.spec.name}`]: 4_920_753_328 },
  error: null,
})

const remove: Route = (host, { rest }): Inbound => {
  const model = host.spec.models.find(({ name }) => idOf(name) === decodeURIComponent(rest))
  if (model === undefined || !host.engine.evict(model.name)) return host.refuse(refused(404, 'Instance not found'))
  return json({ message: 'Command received.', command_id: host.nextId(), instance_id: idOf(model.name) })
}

export const exo: Manner = {
  modelCalled: exactly,
  wrongMethod: 405,
  error: (status, message) => jsonAnswer(status, accent.error(status, message)),
  headers: () => ({ connection: 'close' }),
  routes: {
    'GET /node_id': ({ spec }) => json(`node-of-${spec.name}`),
    'GET /state': (host) => json(state(host)),
    'POST /place_instance': place,
    'GET /instance/await': awaited,
    'GET /instance/previews': previews,
    'DELETE /instance/*': remove,
    'GET /models': openAi['GET /v1/models']!,
    'GET /v1/models': openAi['GET /v1/models']!,
    'POST /v1/chat/completions': openAi['POST /v1/chat/completions']!,
    'POST /v1/responses': openAi['POST /v1/responses']!,
    'POST /v1/messages': (host, request) =>
      messages(
        {
          accent: { ...anthropicAccent, signs: false },
          idPrefix: 'msg_',
          thinksUnasked: true,
          limitUsual: undefined,
          limitMissing: 'max_tokens: Field required',
          absent,
          within: (question, most) =>
            tokensIn(question.prompt) < most
              ? question
              : {
                  status: 400,
                  text: anthropicError(400, accent.tooLong({ prompt: tokensIn(question.prompt), answer: 1, most })),
                },
        },
        host,
        request,
      ),
    'HEAD /ollama/': () => jsonAnswer(200, ''),
    ...ollamaModels('/ollama', 'exo v1.0'),
    ...ollamaTalk('/ollama', false),
  },
}
