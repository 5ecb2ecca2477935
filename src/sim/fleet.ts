import { backendOf } from '../backends/index.ts'
import { type Settings, type UpstreamSettings, usualHedge } from '../core/settings.ts'
import {
  cloudLike,
  likes,
  ollamaLike,
  type ServerKind,
  type ServerOptions,
  type ServerSpec,
  vllmLike,
} from './server-spec.ts'
import { usualModel, type Workload } from './workload.ts'

/** A simulated server and how the gateway is told of it. */
export interface Machine {
  readonly server: ServerSpec
  readonly kind: string
  readonly concurrency: number | 'auto'
  /** The caller's model → the server's. */
  readonly serve: Readonly<Record<string, string>> | undefined
  readonly preload?: readonly string[]
}

export const machine = (server: ServerSpec, options: Partial<Omit<Machine, 'server'>> = {}): Machine => ({
  server,
  kind: backendFor(server.kind),
  concurrency: 'auto',
  serve: undefined,
  ...options,
})

/** The kind of backend that knows such a server; what nobody knows is one of the many that speak OpenAI's chat. */
const backendFor = (kind: ServerKind): string => backendOf(kind)?.kind ?? 'openai-compatible'

export const originOf = ({ server }: Machine): string => `http://${server.name}.sim`

function settingsOf(one: Machine): UpstreamSettings {
  const { server, kind, concurrency, serve, preload } = one
  const backend = backendOf(kind)
  if (backend === undefined) throw new Error(`There is no kind of server called ${kind}.`)
  return {
    name: server.name,
    backend,
    origin: originOf(one),
    basePath: '',
    apiKey: server.key,
    tier: backend.tier,
    concurrency,
    serve: serve === undefined ? undefined : new Map(Object.entries(serve)),
    context: new Map(),
    preload,
  }
}

/** The gateway's own settings for a fleet and the callers of a workload. */
export function settingsFor(fleet: readonly Machine[], { callers, beside }: Workload): Settings {
  return {
    upstreams: fleet.map(settingsOf),
    queue: { max: 200, patienceMs: 8_000 },
    callers: [...callers, ...(beside?.callers ?? [])].map(({ of: { name, weight, priority, cloud, patienceMs } }) => ({
      caller: { id: name, weight, priority, cloud, models: undefined },
      key: `key of ${name}`,
      patienceMs,
    })),
    timeouts: { connectMs: 5_000, loadMs: 60_000, firstTokenMs: 60_000, gapMs: 20_000, totalMs: 300_000 },
    attemptsMax: 3,
    probeEveryMs: 5_000,
    hedge: usualHedge,
  }
}

/**
 * The machine that stands in for a configured upstream: a server of its kind that has the models it is said to serve, and is
 * in all else as it is known to be.
 */
export function machineFor(
  { name, backend, apiKey: key, serve, context, concurrency }: UpstreamSettings,
  known: ServerOptions = {},
): Machine {
  const others = new Map(known.models?.map((model) => [model.name, model]))
  const names = new Set([...(serve?.values() ?? []), ...context.keys()])
  if (names.size === 0) for (const model of others.keys()) names.add(model)
  if (names.size === 0) names.add(usualModel)
  const models = Array.from(names, (model) => {
    const other = others.get(model)
    return { ...other, name: model, contextTokens: context.get(model) ?? other?.contextTokens ?? 32_768 }
  })
  // Where nothing more is known, a server that batches: most that speak OpenAI's API do.
  const like = isKind(backend.kind) ? likes[backend.kind] : vllmLike
  return {
    server: like({ ...known, name, key, models }),
    kind: backend.kind,
    concurrency,
    serve: serve && Object.fromEntries(serve),
  }
}

const isKind = (kind: string): kind is ServerKind => kind in likes

/** A configuration with its servers moved into the simulated world. */
export const movedIn = (settings: Settings, fleet: readonly Machine[]): Settings => ({
  ...settings,
  upstreams: settings.upstreams.map((upstream, index) => ({
    ...upstream,
    origin: originOf(fleet[index]!),
    basePath: '',
  })),
})

const models = [{ name: usualModel, contextTokens: 32_768 }]

/** Two machines at home and the cloud behind them. */
export const exampleFleet: readonly Machine[] = [
  machine(ollamaLike({ name: 'workstation', models, engine: { memoryTokens: 131_072 } })),
  machine(vllmLike({ name: 'gpu-server', models, engine: { memoryTokens: 131_072 } })),
  machine(cloudLike({ name: 'cloud', key: 'sk-sim' }), { serve: { [usualModel]: 'gpt-5-mini' } }),
]
