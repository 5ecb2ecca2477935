import type { Need } from '../core/ask.ts'
import type { Call, Gauge, ListedModel } from '../core/backend.ts'
import { isObject, type Json } from '../core/json.ts'
import { countIn, glimpse, objectAt, objectsIn } from './asking.ts'
import { gaugeIn } from './prometheus-text.ts'

/** What a server, or one of a router, tells of the model it runs. */
export function factsIn(props: Json, embeds: boolean): Pick<ListedModel, 'contextTokens' | 'slots' | 'can'> {
  const contextTokens = countIn(objectAt(props, 'default_generation_settings')['n_ctx'])
  const slots = countIn(props['total_slots'])
  const { vision, audio } = objectAt(props, 'modalities')
  const caps = props['chat_template_caps']
  // What the model cannot do with thoughts it leaves out, without complaint.
  const can = new Set<Need>(['chat', 'text', 'thinking'])
  if (vision === true) can.add('vision')
  if (audio === true) can.add('audio')
  if (embeds) can.add('vectors')
  // Older builds do not tell, and a template that knows no tools just leaves them out.
  if (!isObject(caps) || caps['supports_tools'] === true || caps['supports_tool_calls'] === true) can.add('tools')
  return { can, ...(contextTokens !== undefined && { contextTokens }), ...(slots !== undefined && { slots }) }
}

/** Without the switch for it, it says 501 before it looks at what it was given. */
export async function isForVectors(call: Call, model?: string): Promise<boolean> {
  const path = '/v1/embeddings?autoload=false'
  try {
    const { status } = await call({
      method: 'POST',
      path,
      body: model === undefined ? {} : { model },
      timeoutMs: 1_000,
    })
    return status !== 501
  } catch {
    return true
  }
}

/** `of`: which model of a router, as a query. The slots tell only what runs, and not what waits for one of them. */
export async function gaugeOf(call: Call, props: Json, of = ''): Promise<Gauge | undefined> {
  if (props['endpoint_metrics'] !== false) {
    const metrics = await glimpse(call, `/metrics${of}`)
    const gauge = gaugeIn(metrics?.text ?? '', {
      running: ['llamacpp:requests_processing'],
      waiting: ['llamacpp:requests_deferred'],
      memory: ['llamacpp:kv_cache_usage_ratio'],
    })
    if (gauge !== undefined) return gauge
  }
  if (props['endpoint_slots'] === false) return undefined
  const slots = await glimpse(call, `/slots${of}`)
  if (!Array.isArray(slots?.json)) return undefined
  return { running: objectsIn(slots.json).filter((slot) => slot['is_processing'] === true).length, waiting: 0 }
}
