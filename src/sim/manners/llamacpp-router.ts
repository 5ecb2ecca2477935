import type { Inbound } from '../../core/world.ts'
import type { Host, Manner } from '../manner.ts'
import { json, jsonAnswer } from '../responses.ts'
import type { ModelSpec } from '../server-spec.ts'
import { llamacppError } from '../wires/accents.ts'
import { fingerprint } from '../wires/llamacpp-chat.ts'
import type { Json } from '../wires/request.ts'

export const notLoaded = 'model is not loaded'

/** A server that was started without a model of its own. */
export const isRouter = ({ spec }: Pick<Host, 'spec'>): boolean => spec.models.length > 1

export const routerProps = ({ spec }: Host): Json => ({
  role: 'router',
  max_instances: spec.engine.loadedMax,
  models_autoload: true,
  model_alias: 'llama-server',
  model_path: 'none',
  default_generation_settings: { params: null, n_ctx: 0 },
  ui_settings: {},
  build_info: fingerprint,
  cors_proxy_enabled: false,
})

/** A stream whose model is thrown out stands still for so long, and then ends. */
const hangsMs = 10_000

const refused = (status: number, message: string): Inbound => jsonAnswer(status, llamacppError(status, message))

/** Nothing is known here to a server that has a model of its own. */
const forRouter =
  (act: (host: Host, model: ModelSpec) => Inbound): Manner['routes'][string] =>
  (host, { body }) => {
    const model = isRouter(host) ? host.modelCalled(String(body['model'])) : undefined
    return model === undefined ? refused(404, 'File Not Found') : act(host, model)
  }

export const llamacppRouter: Manner['routes'] = {
  'GET /models': (host) => json({ data: host.spec.models.map((model) => entry(host, model)), object: 'list' }),
  'POST /models/load': forRouter((host, { name }) => {
    if (stateOf(host, name) !== 'unloaded') return refused(400, 'model is already running')
    void host.bring(name, { detached: true }).catch(() => undefined)
    return json({ success: true })
  }),
  'POST /models/unload': forRouter(({ engine }, { name }) =>
    engine.evict(name, hangsMs) ? json({ success: true }) : refused(400, 'model is not running'),
  ),
}

export const metaOf = ({ contextTokens, trainedTokens = contextTokens, dimensions = 4_096 }: ModelSpec): Json => ({
  vocab_type: 1,
  n_vocab: 128_256,
  n_ctx: contextTokens,
  n_ctx_train: trainedTokens,
  n_embd: dimensions,
  n_params: 8_030_261_312,
  size: 4_920_753_328,
  ftype: 'Q4_K - Medium',
})

function stateOf({ engine }: Host, name: string): 'loaded' | 'loading' | 'unloaded' {
  if (engine.residents.some((resident) => resident.name === name)) return 'loaded'
  return engine.loading === name ? 'loading' : 'unloaded'
}

function entry(host: Host, model: ModelSpec): Json {
  const { name, contextTokens, trainedTokens = contextTokens, sees } = model
  const { slots } = host.spec.engine
  const args = ['llama-server', '--alias', name, '--ctx-size', `${contextTokens * slots}`, '--parallel', `${slots}`]
  const value = stateOf(host, name)
  return {
    id: name,
    aliases: [],
    tags: [],
    object: 'model',
    owned_by: 'llamacpp',
    created: Math.floor(host.clock.epochMs() / 1_000),
    status: {
      value,
      args,
      preset: `[${name}]\nctx-size = ${contextTokens * slots}\nparallel = ${slots}\n\n`,
      ...(value === 'unloaded' && host.engine.wasKilled(name) && { exit_code: 1, failed: true }),
    },
    architecture: { input_modalities: sees === true ? ['text', 'image'] : ['text'], output_modalities: ['text'] },
    source: 'models_dir',
    can_remove: false,
    context_length: trainedTokens,
    ...(value === 'loaded' && { meta: metaOf(model) }),
  }
}
