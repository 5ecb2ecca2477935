import { exactly, type Host, type Manner } from '../manner.ts'
import { json, jsonAnswer, textAnswer, textResponse } from '../responses.ts'
import { sglangAccent } from '../wires/accents.ts'
import { ollamaTalk } from './ollama.ts'
import { ollamaModels } from './ollama-models.ts'
import { openAiRoutes } from './openai-routes.ts'

const asOllama = ollamaModels('')

export const sglang: Manner = {
  modelCalled: exactly,
  wrongMethod: 405,
  open: new Set(['/health', '/health_generate', '/metrics']),
  error: (status, message) => jsonAnswer(status, sglangAccent.error(status, message)),
  routes: {
    'GET /health': () => textAnswer(200, ''),
    'GET /health_generate': () => textAnswer(200, ''),
    'GET /get_model_info': ({ spec }) => {
      const { name, dimensions, sees } = spec.models[0]!
      return json({
        model_path: name,
        tokenizer_path: name,
        is_generation: dimensions === undefined,
        preferred_sampling_params: null,
        weight_version: 'default',
        has_image_understanding: sees === true,
        has_audio_understanding: false,
      })
    },
    'GET /get_server_info': (host) => json(serverInfo(host)),
    'GET /get_load': ({ engine }) => {
      const { running, waiting, heldTokens } = engine.load()
      return json([{ dp_rank: 0, num_reqs: running + waiting, num_waiting_reqs: waiting, num_tokens: heldTokens }])
    },
    'GET /metrics': (host) =>
      host.spec.metrics
        ? textResponse({ status: 200, text: metrics(host), type: 'text/plain; version=0.0.4' })
        : jsonAnswer(404, '{"detail":"Not Found"}'),
    ...openAiRoutes({
      accent: sglangAccent,
      about: ({ name, contextTokens }) => ({ root: name, parent: null, max_model_len: contextTokens }),
    }),
    // It answers some of what Ollama answers, so that is no proof of Ollama.
    'GET /': () => textAnswer(200, 'Ollama is running'),
    'HEAD /': () => textAnswer(200, ''),
    'GET /api/tags': asOllama['GET /api/tags']!,
    'POST /api/show': asOllama['POST /api/show']!,
    ...ollamaTalk('', false),
  },
}

function serverInfo({ spec, engine }: Host): Record<string, unknown> {
  const { name, contextTokens } = spec.models[0]!
  const { slots, memoryTokens } = spec.engine
  return {
    model_path: name,
    served_model_name: name,
    context_length: contextTokens,
    max_running_requests: slots,
    max_total_num_tokens: memoryTokens,
    enable_metrics: spec.metrics,
    internal_states: [
      {
        last_gen_throughput: 0,
        memory_usage: { weight: 14.9, kvcache: 40, token_capacity: memoryTokens, graph: 0.5 },
        effective_max_running_requests_per_dp: slots,
        load: engine.load().running,
      },
    ],
    version: '0.5.6',
  }
}

function metrics({ engine, spec, ledger }: Host): string {
  const { running, waiting, heldTokens } = engine.load()
  const rows: readonly (readonly [name: string, type: string, value: number])[] = [
    ['num_running_reqs', 'gauge', running],
    ['num_queue_reqs', 'gauge', waiting],
    ['token_usage', 'gauge', heldTokens / spec.engine.memoryTokens],
    ['num_used_tokens', 'gauge', heldTokens],
    ['prompt_tokens_total', 'counter', ledger.promptTokens],
    ['generation_tokens_total', 'counter', ledger.outputTokens],
  ]
  const label = `{model_name="${spec.models[0]!.name}"}`
  return rows.map(([name, type, value]) => `# TYPE sglang:${name} ${type}\nsglang:${name}${label} ${value}\n`).join('')
}
