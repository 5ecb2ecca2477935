import { hash32 } from '../chance.ts'
import type { Host, Manner } from '../manner.ts'
import type { Resident } from '../residents.ts'
import { json } from '../responses.ts'
import type { ModelSpec } from '../server-spec.ts'
import { dateOf, ollamaError } from '../wires/ollama-line.ts'
import type { Json } from '../wires/request.ts'

/** What Ollama tells of itself, its models, and which of them are in memory. */
export function ollamaModels(prefix: string, version = '0.32.15'): Manner['routes'] {
  return {
    [`GET ${prefix}/api/version`]: () => json({ version }),
    [`HEAD ${prefix}/api/version`]: () => json({ version }),
    [`GET ${prefix}/api/tags`]: ({ spec, clock }) =>
      json({ models: spec.models.map((model) => listed(model, clock.epochMs())) }),
    [`GET ${prefix}/api/ps`]: async (host) => {
      await host.engine.frozenRunners.pinged
      return json({
        models: host.engine.residents.flatMap((resident) => {
          const model = host.spec.models.find(({ name }) => name === resident.name)
          return model === undefined ? [] : [inMemory(host, model, resident)]
        }),
      })
    },
    [`POST ${prefix}/api/show`]: (host, { body }) => {
      const wished = String(body['model'] ?? body['name'])
      const model = host.modelCalled(wished)
      const full = wished.includes(':') ? wished : `${wished}:latest`
      return model === undefined
        ? host.refuse({ status: 404, text: ollamaError(`model '${full}' not found`) })
        : json(shown(model, host.clock.epochMs()))
    },
  }
}

const trained = ({ contextTokens, trainedTokens = contextTokens }: ModelSpec): number => trainedTokens

const sizeBytes = 4_920_753_328

const digestOf = (name: string): string => hash32(name).toString(16).padStart(8, '0').repeat(8)

function detailsOf({ dimensions }: ModelSpec): Json {
  const family = dimensions === undefined ? 'llama' : 'bert'
  return {
    parent_model: '',
    format: 'gguf',
    family,
    families: [family],
    parameter_size: '8.0B',
    quantization_level: 'Q4_K_M',
  }
}

const listed = (model: ModelSpec, epochMs: number): Json => ({
  name: model.name,
  model: model.name,
  modified_at: dateOf(epochMs),
  size: sizeBytes,
  digest: digestOf(model.name),
  details: { ...detailsOf(model), context_length: trained(model), embedding_length: model.dimensions ?? 4_096 },
  capabilities: capabilitiesOf(model),
})

function capabilitiesOf({ dimensions, thinks, sees }: ModelSpec): string[] {
  if (dimensions !== undefined) return ['embedding']
  return ['completion', 'tools', ...(thinks === true ? ['thinking'] : []), ...(sees === true ? ['vision'] : [])]
}

/** For ever is a date that nobody sees. */
const foreverMs = Date.UTC(2319, 2, 3, 5, 10, 2)

function inMemory({ clock }: Host, model: ModelSpec, { running, usedAt, keepMs, setting }: Resident): Json {
  const since = running > 0 ? clock.now() : usedAt
  const leavesMs = clock.epochMs() + since - clock.now() + keepMs
  return {
    name: model.name,
    model: model.name,
    size: sizeBytes,
    digest: digestOf(model.name),
    details: detailsOf(model),
    expires_at: dateOf(Math.min(leavesMs, foreverMs)),
    size_vram: sizeBytes,
    context_length: setting?.contextTokens ?? model.contextTokens,
  }
}

function shown(model: ModelSpec, epochMs: number): Json {
  const { contextTokens, dimensions } = model
  const family = dimensions === undefined ? 'llama' : 'bert'
  return {
    modelfile: '',
    parameters: `num_ctx ${contextTokens}`,
    template: '{{ .Prompt }}',
    details: detailsOf(model),
    model_info: {
      'general.architecture': family,
      'general.parameter_count': 8_030_261_312,
      [`${family}.context_length`]: trained(model),
      [`${family}.embedding_length`]: dimensions ?? 4_096,
    },
    capabilities: capabilitiesOf(model),
    modified_at: dateOf(epochMs),
  }
}
