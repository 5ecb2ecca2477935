import { ollama } from '../../backends/ollama.ts'
import { parse, settingsOf } from '../../config/settings.ts'
import type { ConfigInput } from '../../config/schema.ts'
import type { UpstreamSettings } from '../../core/settings.ts'
import type { ConfigFacts, Facts, ListedFacts, MachineFacts, ServerFacts } from './facts.ts'
import { linesOf } from './report.ts'

/** For tests: a machine on which all is well. */
export const healthy: Facts = {
  runtime: { node: '24.21.0', sqlite: '3.53.4' },
  config: configWith({}),
  env: {},
  ports: [
    { key: 'listen', address: '127.0.0.1:11400', state: 'free' },
    { key: 'admin.listen', address: '127.0.0.1:11401', state: 'free' },
  ],
  servers: [serverWith({})],
  machine: {
    filesMax: 65_536,
    connectionsMax: 29_491,
    memoryMaxBytes: 64e9,
    heapMaxBytes: 4e9,
    somaxconn: 4_096,
    unsentMaxBytes: 131_072,
    supervisor: 'systemd',
  },
  volumes: [{ name: 'data', path: '/d', usedRatio: 0.4, freeBytes: 1e9, state: 'ok' }],
  running: undefined,
}

export const machineWith = (more: Partial<MachineFacts>): Pick<Facts, 'machine'> => ({
  machine: { ...healthy.machine, ...more },
})

export function configWith(input: Partial<ConfigInput>, more: Partial<ConfigFacts> = {}): ConfigFacts {
  const config = parse({ upstreams: [{ name: 'box', kind: 'ollama', url: 'http://127.0.0.1:11434' }], ...input })
  return {
    file: 'spillway.yaml',
    problems: [],
    warnings: [],
    isOpen: false,
    config,
    literalSecrets: [],
    files: [{ path: 'spillway.yaml', holdsSecrets: false, mode: 0o644 }],
    ...more,
  }
}

export interface ServerOptions extends Partial<Omit<ServerFacts, 'settings' | 'find'>> {
  readonly upstream?: Partial<UpstreamSettings>
}

export function serverWith({
  upstream,
  models = [listed('a:8b'), listed('b:8b')],
  ...more
}: ServerOptions): ServerFacts {
  const [settings] = settingsOf(configWith({}).config!).upstreams
  return {
    settings: { ...settings!, backend: ollama, ...upstream },
    up: true,
    lastError: undefined,
    version: '0.32.15',
    advice: [],
    models,
    find: (name) => models.find(({ id }) => id === name),
    addresses: ['127.0.0.1'],
    openAt: undefined,
    aheadMs: 400,
    certificate: undefined,
    ...more,
  }
}

export function listed(id: string, more: Partial<ListedFacts> = {}): ListedFacts {
  return { id, contextTokens: 32_768, loaded: false, ...more }
}

/** What is not well, as people read it. */
export const troubles = (facts: Partial<Facts>): readonly string[] =>
  linesOf({ ...healthy, ...facts }).flatMap(({ level, check, text, advice }) =>
    level === 'ok' ? [] : [`${level} ${check}: ${text}. ${advice ?? ''}`.trimEnd()],
  )
