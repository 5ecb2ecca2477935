import type { Json } from '../../../src/core/json.ts'
import type { ServerKind } from './wires.ts'

/** What a server of each kind tells of itself, with one model: as much as the gateway's probes ask for. */
export function probeAnswer(kind: ServerKind, model: string, path: string): Json | readonly Json[] | undefined {
  const [route] = path.split('?')
  switch (route) {
    case '/v1/models':
      return kind === 'anthropic'
        ? { data: [{ id: model, type: 'model' }], has_more: false, last_id: model }
        : { object: 'list', data: [{ id: model, object: 'model', owned_by: 'me' }] }
    case '/api/version':
      return { version: '0.31.2' }
    case '/api/tags':
      return { models: [{ name: model, model, size: 1, details: {} }] }
    case '/api/ps':
      return { models: [{ name: model, model, size: 1, size_vram: 1, context_length: 8_192 }] }
    case '/api/show':
      return { capabilities: ['completion', 'tools'], model_info: {} }
    case '/props':
      return {
        default_generation_settings: { n_ctx: 8_192 },
        total_slots: 8,
        model_alias: model,
        build_info: 'b1-x',
        is_sleeping: false,
      }
    case '/slots':
      return Array.from({ length: 8 }, (_, id) => ({ id, is_processing: false }))
    case '/health':
      return { status: 'ok' }
    default:
      return undefined
  }
}
