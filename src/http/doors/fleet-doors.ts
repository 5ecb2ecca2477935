import type { Caller } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import { isObject, type Json } from '../core/json.ts'
import type { Gateway } from '../gateway.ts'

type Fleet = Gateway['fleet']
type FleetModel = ReturnType<Fleet['models']>[number]

/** A question about the fleet rather than for a model: answered by the gateway itself. */
export interface FleetDoor {
  readonly method: 'GET' | 'POST'
  /** Anybody may ask, key or not: clients do so to see whether anybody is home. */
  readonly open?: true
  /** Exact, or a beginning when it ends in a slash. */
  readonly path: string
  /** Text, or an object that becomes JSON. */
  answer(question: Question): string | Json | Promise<Json>
}

export interface Question {
  readonly fleet: Fleet
  readonly caller: Caller
  /** What stands behind a path that ends in a slash, decoded. */
  readonly rest: string
  readonly body: Json
}

/** What OpenAI's and Ollama's clients ask before they chat. Ollama's are answered as one Ollama that has everything. */
export const fleetDoors: readonly FleetDoor[] = [
  { method: 'GET', path: '/v1/models', answer: listOpenai },
  { method: 'GET', path: '/v1/models/', answer: showOpenai },
  { method: 'GET', path: '/', open: true, answer: () => 'Ollama is running' },
  { method: 'GET', path: '/api/hello', open: true, answer: () => ({}) },
  { method: 'GET', path: '/api/version', open: true, answer: () => ({ version: spokenVersion }) },
  { method: 'GET', path: '/api/tags', answer: tags },
  { method: 'GET', path: '/api/ps', answer: running },
  { method: 'POST', path: '/api/show', answer: show },
]

/** The Ollama whose API is spoken here. Clients look at it to find out what they may ask, so it is not our own version. */
const spokenVersion = '0.32.15'

/** What a caller may see of the fleet. */
function modelsFor({ fleet, caller }: Question): readonly FleetModel[] {
  const models = fleet.models()
  return caller.models === undefined ? models : models.filter(({ name }) => caller.models!.has(name))
}

/** One model by whatever spelling a server takes for it. */
function modelNamed(question: Question, name: string): FleetModel {
  const { fleet, caller } = question
  const upstream = fleet.serving(name).find(({ up }) => up !== false)
  const canonical = upstream?.modelFor(name)?.name
  const model = canonical === undefined ? undefined : fleet.models().find((one) => one.name === canonical)
  if (
    model === undefined ||
    (caller.models !== undefined && !caller.models.has(name) && !caller.models.has(model.name))
  ) {
    throw new Fault('no-such-model', `The model '${name.slice(0, 100)}' does not exist here, or you may not use it.`)
  }
  return model
}

function listOpenai(question: Question): Json {
  return { object: 'list', data: modelsFor(question).map(openaiModel) }
}

function showOpenai(question: Question): Json {
  return openaiModel(modelNamed(question, question.rest))
}

function openaiModel({ name, about, contextTokens }: FleetModel): Json {
  return {
    id: name,
    object: 'model',
    created: secondsOf(about),
    owned_by: typeof about?.['owned_by'] === 'string' ? about['owned_by'] : 'library',
    ...(contextTokens !== undefined && { context_length: contextTokens, max_model_len: contextTokens }),
  }
}

function secondsOf(about: Json | undefined): number {
  if (typeof about?.['created'] === 'number') return about['created']
  const modified = Date.parse(String(about?.['modified_at']))
  return Number.isNaN(modified) ? 0 : Math.floor(modified / 1_000)
}

function tags(question: Question): Json {
  return { models: modelsFor(question).map(ollamaModel) }
}

function running(question: Question): Json {
  return {
    models: modelsFor(question)
      .filter(({ loaded }) => loaded !== false)
      .map((model) => ({
        ...ollamaModel(model),
        size_vram: numberIn(model.about, 'size_vram'),
        expires_at: textIn(model.about, 'expires_at', '2318-01-01T00:00:00Z'),
        ...(model.contextTokens !== undefined && { context_length: model.contextTokens }),
      })),
  }
}

function ollamaModel({ name, about, contextTokens }: FleetModel): Json {
  const details = isObject(about?.['details']) ? about['details'] : {}
  return {
    name,
    model: name,
    modified_at: textIn(about, 'modified_at', '1970-01-01T00:00:00Z'),
    size: numberIn(about, 'size'),
    digest: textIn(about, 'digest', ''),
    details: {
      parent_model: '',
      format: '',
      family: '',
      families: [],
      parameter_size: '',
      quantization_level: '',
      ...details,
      ...(contextTokens !== undefined && { context_length: contextTokens }),
    },
    ...(Array.isArray(about?.['capabilities']) && { capabilities: about['capabilities'] }),
  }
}

async function show(question: Question): Promise<Json> {
  const { body, fleet } = question
  const wanted = body['model'] ?? body['name']
  if (typeof wanted !== 'string' || wanted === '') throw new Fault('bad-request', 'model is required')
  const model = modelNamed(question, wanted)
  for (const upstream of fleet.serving(model.name)) {
    const { backend } = upstream.settings
    const served = upstream.modelFor(model.name)
    if (backend.describe === undefined || served === undefined || upstream.up === false) continue
    try {
      return await backend.describe(upstream.call, served.id)
    } catch {
      // The next one, or what is known without asking.
    }
  }
  const { details } = ollamaModel(model)
  const { contextTokens, about } = model
  return {
    license: '',
    modelfile: '',
    parameters: '',
    template: '{{ .Prompt }}',
    details,
    model_info: {
      'general.architecture': 'unknown',
      ...(contextTokens !== undefined && { 'unknown.context_length': contextTokens }),
    },
    capabilities: Array.isArray(about?.['capabilities']) ? about['capabilities'] : ['completion', 'tools'],
    modified_at: textIn(about, 'modified_at', '1970-01-01T00:00:00Z'),
  }
}

const textIn = (about: Json | undefined, key: string, otherwise: string): string =>
  typeof about?.[key] === 'string' ? about[key] : otherwise

const numberIn = (about: Json | undefined, key: string): number => (typeof about?.[key] === 'number' ? about[key] : 0)
