import type { Inbound } from '../../core/world.ts'
import type { Run } from '../job.ts'
import { contextOf, type Host, type Manner, queryOf, type Request, type Route } from '../manner.ts'
import { json, jsonAnswer, textResponse } from '../responses.ts'
import type { ModelSpec } from '../server-spec.ts'
import { llamacppError } from '../wires/accents.ts'
import { fingerprint } from '../wires/llamacpp-chat.ts'
import type { Json } from '../wires/request.ts'
import { isRouter, metaOf, notLoaded, routerProps } from './llamacpp-router.ts'

const refused = (status: number, message: string): Inbound => jsonAnswer(status, llamacppError(status, message))

/**
 * The model that a look at the server is about. Of a router, a look at a model that is not there loads it, unless that is
 * forbidden.
 */
async function lookedAt(host: Host, request: Request): Promise<ModelSpec | Inbound> {
  if (!isRouter(host)) return host.spec.models[0]!
  const name = queryOf(request, 'model')
  if (name === undefined) return refused(400, 'model name is missing from the request')
  const model = host.modelCalled(name)
  if (model === undefined) return refused(400, `model '${name}' not found`)
  if (host.engine.residents.some((resident) => resident.name === name)) return model
  if (queryOf(request, 'autoload') === 'false') return refused(400, notLoaded)
  await host.bring(name, { detached: true })
  return model
}

const about =
  (tell: (host: Host, model: ModelSpec, request: Request) => Inbound): Route =>
  async (host, request) => {
    const model = await lookedAt(host, request)
    return 'status' in model ? model : tell(host, model, request)
  }

export const props: Route = (host, request) =>
  isRouter(host) && queryOf(request, 'model') === undefined ? json(routerProps(host)) : modelProps(host, request)

const modelProps = about((host, model) =>
  json({
    default_generation_settings: { params, n_ctx: contextOf(host, model) },
    total_slots: host.spec.engine.slots,
    model_alias: model.name,
    model_ftype: 'Q4_K - Medium',
    model_path: `${model.name}.gguf`,
    modalities: { vision: model.sees === true, video: false, audio: false },
    media_marker: '<__media__>',
    endpoint_slots: true,
    endpoint_props: false,
    endpoint_metrics: host.spec.metrics,
    ui: true,
    ui_settings: {},
    chat_template: '{%- for message in messages -%}{{- message.content -}}{%- endfor -%}',
    chat_template_caps: caps,
    bos_token: '<s>',
    eos_token: '</s>',
    build_info: fingerprint,
    is_sleeping: false,
    cors_proxy_enabled: false,
  }),
)

const caps = {
  supports_object_arguments: false,
  supports_parallel_tool_calls: false,
  supports_preserve_reasoning: false,
  supports_reasoning_effort: false,
  supports_string_content: true,
  supports_system_role: true,
  supports_tool_calls: true,
  supports_tools: true,
  supports_typed_content: false,
}

const params = { seed: 4_294_967_295, temperature: 0.8, top_k: 40, top_p: 0.95, n_predict: -1, stream: false }

export const modelEntry = (model: ModelSpec): Json => ({
  aliases: [model.name],
  tags: [],
  architecture: { input_modalities: model.sees === true ? ['text', 'image'] : ['text'], output_modalities: ['text'] },
  meta: metaOf(model),
})

/** The list once more, in the form in which Ollama has it. */
export const asOllama = ({ name, dimensions }: ModelSpec): Json => ({
  name,
  model: name,
  modified_at: '',
  size: '',
  digest: '',
  type: 'model',
  description: '',
  tags: [''],
  capabilities: [dimensions === undefined ? 'completion' : 'embedding'],
  parameters: '',
  details: { parent_model: '', format: 'gguf', family: '', families: [''], parameter_size: '', quantization_level: '' },
})

export const llamacppState: Manner['routes'] = {
  'GET /slots': about((host, model, request) => {
    const { slots } = host.spec.engine
    const runs = host.engine.runsOf(model.name)
    if (queryOf(request, 'fail_on_no_slot') === '1' && runs.length >= slots) return refused(503, 'no slot available')
    return json(Array.from({ length: slots }, (_, id) => slot(id, contextOf(host, model), runs[id])))
  }),
  'GET /metrics': about((host, model) => {
    if (!host.spec.metrics)
      return refused(501, 'This server does not support metrics endpoint. Start it with `--metrics`')
    return textResponse({ status: 200, text: metrics(host, model), type: 'text/plain; version=0.0.4' })
  }),
}

function slot(id: number, contextTokens: number, run: Run | undefined): Json {
  const free = { id, n_ctx: contextTokens, speculative: false, is_processing: run !== undefined }
  if (run === undefined) return free
  const { job, cachedTokens, said } = run
  return {
    ...free,
    id_task: id,
    n_prompt_tokens: job.promptTokens + said,
    n_prompt_tokens_processed: job.promptTokens - cachedTokens,
    n_prompt_tokens_cache: cachedTokens,
    params,
    next_token: [
      {
        has_next_token: true,
        has_new_line: false,
        n_remain: Number.isFinite(job.outputTokens) ? job.outputTokens - said : -1,
        n_decoded: said,
      },
    ],
  }
}

/** Counted for the server, told of each of its models. */
function metrics({ engine, ledger }: Host, { name }: ModelSpec): string {
  const { running, waiting } = engine.load(name)
  const rows: readonly (readonly [name: string, type: string, value: number])[] = [
    ['prompt_tokens_total', 'counter', ledger.promptTokens - ledger.cachedTokens],
    ['prompt_tokens_cached_total', 'counter', ledger.cachedTokens],
    ['tokens_predicted_total', 'counter', ledger.outputTokens],
    ['requests_processing', 'gauge', running],
    ['requests_deferred', 'gauge', waiting],
  ]
  return rows.map(([row, type, value]) => `# TYPE llamacpp:${row} ${type}\nllamacpp:${row} ${value}\n`).join('')
}
