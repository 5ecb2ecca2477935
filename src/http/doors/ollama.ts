import { Fault } from '../../core/fault.ts'
import { isObject, type Json } from '../../core/json.ts'
import type { Question } from './door.ts'
import { type FleetModel, modelNamed, modelsFor, numberIn, textIn } from './models.ts'

export function tags(question: Question): Json {
  return { models: modelsFor(question).map(ollamaModel) }
}

export function running(question: Question): Json {
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

export async function show(question: Question): Promise<Json> {
  const { body } = question
  const { fleet } = question.gateway
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
