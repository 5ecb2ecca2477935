import type { Backend, Call, Health } from '../core/backend.ts'
import { Fault } from '../core/fault.ts'
import type { Json } from '../core/json.ts'
import { ask, glimpse, objectAt, textIn, tokenCount } from './asking.ts'
import * as fields from './fields.ts'
import { listed, listModels, openAiCompatible } from './openai-compatible.ts'
import { homeEdits } from './openai-edits.ts'
import { gaugeIn, samplesIn } from './prometheus-text.ts'

/** vLLM: one model, many at once, and a queue inside that nobody bounds. */
export const vllm: Backend = {
  ...openAiCompatible,
  kind: 'vllm',
  title: 'vLLM',
  usualPort: 8000,
  initialConcurrency: 16,
  keepsPrompts: 'blocks',
  lacks: ['infill'],
  continueEdits: { continue_final_message: true, add_generation_prompt: false },
  probe,
  gauge: async (call) => gaugeIn((await glimpse(call, '/metrics'))?.text ?? '', metricNames),
  edits: homeEdits({
    fields: {
      'openai-chat': fields.vllmChat,
      'openai-completions': fields.vllmCompletions,
      'openai-embeddings': fields.embeddings,
    },
  }),
  countTokens,
}

const metricNames = {
  running: ['vllm:num_requests_running'],
  waiting: ['vllm:num_requests_waiting'],
  memory: ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'],
}

async function probe(call: Call): Promise<Health> {
  const [health, list, about, metrics] = await Promise.all([
    call({ method: 'GET', path: '/health' }),
    listModels(call),
    glimpse(call, '/version'),
    glimpse(call, '/metrics'),
  ])
  // The rest still answers when the part that generates has died.
  if (health.status >= 500)
    throw new Fault('upstream-broke', `Its engine has died (GET /health answers HTTP ${health.status}): restart it.`)
  const text = metrics?.text ?? ''
  const version = textIn(objectAt(about, 'json')['version'])
  const gauge = gaugeIn(text, metricNames)
  const advice = starved(text)
  return {
    models: list.map((model) => ({ ...listed(model), loaded: true })),
    ...(version !== undefined && { version }),
    ...(gauge !== undefined && { gauge }),
    ...(advice.length > 0 && { advice }),
  }
}

/** For want of memory it throws running requests out and computes them again. */
function starved(metrics: string): readonly string[] {
  const times = Math.max(0, ...(samplesIn(metrics).get('vllm:num_preemptions_total') ?? []))
  if (times === 0) return []
  return [
    `vLLM has begun ${times} ${times === 1 ? 'request' : 'requests'} anew for want of memory: lower its ` +
      '--max-num-seqs or --max-model-len, or set a concurrency here.',
  ]
}

async function countTokens(call: Call, body: Json): Promise<number> {
  const { model, messages, tools } = body
  const asked = { model, messages, ...(tools !== undefined && { tools }) }
  const { count } = await ask(call, { method: 'POST', path: '/tokenize', body: asked })
  return tokenCount(count)
}
