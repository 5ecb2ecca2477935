import type { Need } from '../core/ask.ts'
import type { Backend, Call, Gauge, Health } from '../core/backend.ts'
import { Fault } from '../core/fault.ts'
import { isObject, type Json } from '../core/json.ts'
import { countIn, glimpse, objectsIn, textIn } from './asking.ts'
import * as fields from './fields.ts'
import { listed, listModels, openAiCompatible } from './openai-compatible.ts'
import { homeEdits } from './openai-edits.ts'
import { gaugeIn } from './prometheus-text.ts'

/** SGLang: one model, many at once. It imitates Ollama too; its own API tells more. */
export const sglang: Backend = {
  ...openAiCompatible,
  kind: 'sglang',
  title: 'SGLang',
  usualPort: 30000,
  initialConcurrency: 16,
  keepsPrompts: 'blocks',
  lacks: ['infill'],
  continueEdits: { continue_final_message: true, add_generation_prompt: false },
  probe,
  gauge: gaugeOf,
  edits: homeEdits({
    fields: {
      'openai-chat': fields.sglangChat,
      'openai-completions': fields.sglangCompletions,
      'openai-embeddings': fields.embeddings,
    },
  }),
}

async function probe(call: Call): Promise<Health> {
  const [health, list, info, server, gauge] = await Promise.all([
    call({ method: 'GET', path: '/health' }),
    listModels(call),
    eitherOf(call, '/get_model_info', '/model_info'),
    eitherOf(call, '/get_server_info', '/server_info'),
    gaugeOf(call),
  ])
  if (health.status >= 500)
    throw new Fault('upstream-broke', `It is not well (GET /health answers HTTP ${health.status}): look at its log.`)
  const slots = countIn(server['effective_max_running_requests_per_dp']) ?? countIn(server['max_running_requests'])
  const version = textIn(server['version'])
  const can = canBy(info, server)
  const advice = withoutTools(can)
  return {
    models: list.map((model) => ({
      ...listed(model),
      loaded: true,
      ...(slots !== undefined && { slots }),
      ...(can !== undefined && { can }),
    })),
    ...(version !== undefined && { version }),
    ...(gauge !== undefined && { gauge }),
    ...(advice.length > 0 && { advice }),
  }
}

const metricNames = {
  running: ['sglang:num_running_reqs'],
  waiting: ['sglang:num_queue_reqs'],
  memory: ['sglang:token_usage'],
}

/** Newer versions have dropped a part of the names. What they tell holds keys, too: nothing of it is passed on whole. */
async function eitherOf(call: Call, older: string, newer: string): Promise<Json> {
  for (const path of [older, newer]) {
    const answer = await glimpse(call, path)
    if (isObject(answer?.json)) return answer.json
  }
  return {}
}

async function gaugeOf(call: Call): Promise<Gauge | undefined> {
  const metrics = await glimpse(call, '/metrics')
  return gaugeIn(metrics?.text ?? '', metricNames) ?? (await loadOf(call))
}

/** Without `--enable-metrics` it still tells what it has in hand, one entry for each of its engines. */
async function loadOf(call: Call): Promise<Gauge | undefined> {
  const answer = await glimpse(call, '/get_load')
  const loads = objectsIn(answer?.json)
  if (loads.length === 0) return undefined
  let [all, waiting] = [0, 0]
  for (const { num_reqs: held, num_waiting_reqs: queued } of loads) {
    if (typeof held !== 'number' || typeof queued !== 'number') return undefined
    all += held
    waiting += queued
  }
  return { running: Math.max(0, all - waiting), waiting }
}

/** Which parsers it was started with says what comes of tools and thoughts. */
function canBy(info: Json, server: Json): ReadonlySet<Need> | undefined {
  const { is_generation: speaks, has_image_understanding: sees, has_audio_understanding: hears } = info
  if (typeof speaks !== 'boolean') return undefined
  if (!speaks) return new Set<Need>(['vectors'])
  const can = new Set<Need>(['chat', 'text', 'thinking'])
  // Versions that do not tell may have it.
  if (sees !== false) can.add('vision')
  if (hears !== false) can.add('audio')
  if (!('tool_call_parser' in server) || textIn(server['tool_call_parser']) !== undefined) can.add('tools')
  return can
}

const withoutTools = (can: ReadonlySet<Need> | undefined): readonly string[] =>
  can?.has('chat') === true && !can.has('tools')
    ? ['This SGLang was started without --tool-call-parser: requests with tools are not sent to it.']
    : []
