import type { Need } from '../core/ask.ts'
import type { Backend, Call, Gauge, Health } from '../core/backend.ts'
import { Fault } from '../core/fault.ts'
import type { Json } from '../core/json.ts'
import { ask, countIn, glimpse, textIn, tokenCount } from './asking.ts'
import * as fields from './fields.ts'
import { openAiCompatible } from './openai-compatible.ts'
import { homeEdits } from './openai-edits.ts'
import { gaugeIn } from './prometheus-text.ts'

/** text-generation-inference by Hugging Face: one model, many at once, and a bound on how many. */
export const tgi: Backend = {
  ...openAiCompatible,
  kind: 'tgi',
  title: 'text-generation-inference',
  speaks: { 'openai-chat': '/v1/chat/completions', 'openai-completions': '/v1/completions' },
  // Where its documents put it. llama.cpp is there, too.
  usualPort: 8080,
  initialConcurrency: 16,
  keepsPrompts: 'blocks',
  lacks: ['infill', 'audio'],
  probe,
  gauge: gaugeOf,
  edits: homeEdits({ fields: { 'openai-chat': fields.chat, 'openai-completions': fields.completions } }),
  countTokens,
}

async function probe(call: Call): Promise<Health> {
  const [health, info, gauge] = await Promise.all([
    call({ method: 'GET', path: '/health' }),
    ask(call, { method: 'GET', path: '/info' }),
    gaugeOf(call),
  ])
  const id = textIn(info['model_id'])
  if (id === undefined)
    throw new Fault('upstream-broke', 'The server answers GET /info without a model: check its kind.')
  if (health.status >= 500)
    throw new Fault('upstream-broke', `It is not well (GET /health answers HTTP ${health.status}): look at its log.`)
  const contextTokens = countIn(info['max_total_tokens'])
  const can = canBy(info)
  const version = textIn(info['version'])
  return {
    models: [
      {
        id,
        loaded: true,
        ...(contextTokens !== undefined && { contextTokens }),
        ...(can !== undefined && { can }),
        about: info,
      },
    ],
    ...(version !== undefined && { version }),
    ...(gauge !== undefined && { gauge }),
  }
}

async function gaugeOf(call: Call): Promise<Gauge | undefined> {
  const metrics = await glimpse(call, '/metrics')
  return gaugeIn(metrics?.text ?? '', { running: ['tgi_batch_current_size'], waiting: ['tgi_queue_size'] })
}

/** Tools are made of a grammar, so every model has them; wishes about thoughts it leaves out. */
function canBy({ model_pipeline_tag: tag }: Json): ReadonlySet<Need> | undefined {
  if (typeof tag !== 'string') return undefined
  const can = new Set<Need>(['chat', 'text', 'tools', 'thinking'])
  if (tag.includes('image')) can.add('vision')
  return can
}

async function countTokens(call: Call, body: Json): Promise<number> {
  const { model, messages, tools } = body
  const asked = { model, messages, ...(tools !== undefined && { tools }) }
  const { tokenize_response: tokens } = await ask(call, { method: 'POST', path: '/chat_tokenize', body: asked })
  return tokenCount(Array.isArray(tokens) ? tokens.length : undefined)
}
