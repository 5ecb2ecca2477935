import type { DoorSettings } from '../../../config/settings.ts'
import type { RunningFacts, RunningModel, RunningUpstream } from '../facts.ts'
import { askedAt } from './ports.ts'

/** What the gateway says of itself that runs with these ports. */
export async function gatherRunning({ admin }: DoorSettings): Promise<RunningFacts | undefined> {
  const [upstreams, models, pressure, status] = await Promise.all(
    ['/api/upstreams', '/api/models', '/api/pressure', '/api/status'].map((path) => askedAt(admin, path, admin.token)),
  )
  if (upstreams === undefined) return undefined
  const address = `${admin.host}:${admin.port}`
  const nothing = { models: [], givesUp: [], refused: [], needsRestart: [] }
  if (upstreams.status === 401) return { address, upstreams: undefined, ...nothing }
  const { upstreams: listed } = upstreams.json
  const { refused, needs_restart: needsRestart } = (status?.json['config'] ?? {}) as Partial<RunningConfig>
  if (!Array.isArray(listed)) return undefined
  return {
    address,
    upstreams: listed as readonly RunningUpstream[],
    models: (models?.json['models'] ?? []) as readonly RunningModel[],
    givesUp: Object.entries(pressure?.json ?? {}).flatMap(([name, isSo]) =>
      isSo === true ? [name.replace(/^(refuses|closes)_/, '')] : [],
    ),
    refused: refused?.problems ?? [],
    needsRestart: needsRestart ?? [],
  }
}

interface RunningConfig {
  readonly refused: { readonly problems: readonly string[] } | null
  readonly needs_restart: readonly string[]
}
