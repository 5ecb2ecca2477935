import type { DoorSettings } from '../../../config/settings.ts'
import type { RunningFacts, RunningModel, RunningUpstream } from '../facts.ts'
import { askedAt } from './ports.ts'

/** What the gateway says of itself that runs with these ports. */
export async function gatherRunning({ admin }: DoorSettings): Promise<RunningFacts | undefined> {
  const [upstreams, models] = await Promise.all(
    ['/api/upstreams', '/api/models'].map((path) => askedAt(admin, path, admin.token)),
  )
  if (upstreams === undefined) return undefined
  const address = `${admin.host}:${admin.port}`
  if (upstreams.status === 401) return { address, upstreams: undefined, models: [] }
  const { upstreams: listed } = upstreams.json
  if (!Array.isArray(listed)) return undefined
  return {
    address,
    upstreams: listed as readonly RunningUpstream[],
    models: (models?.json['models'] ?? []) as readonly RunningModel[],
  }
}
