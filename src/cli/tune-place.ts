import type { DoorSettings } from '../config/settings.ts'
import { doorsOf, parse, settingsOf } from '../config/settings.ts'
import type { Config } from '../config/schema.ts'
import { suggestion } from '../config/suggest.ts'
import type { Settings, UpstreamSettings } from '../core/settings.ts'
import { callAdmin } from './admin-call.ts'
import { readSource } from './sources.ts'
import { TuneFault } from './tune-server.ts'

/** Which server is meant, and where it stands. */
export interface Place {
  readonly upstream: UpstreamSettings
  readonly settings: Settings
  readonly transport: 'own' | 'undici'
  /** The configuration that it stands in, where there is one. */
  readonly file: string | undefined
  readonly doors: DoorSettings
}

interface PlaceOptions {
  readonly config?: string
  readonly upstream?: string
  readonly url?: string
  readonly kind?: string
}

/** Throws a ConfigFault, or a TuneFault where it cannot be told which one is meant. */
export async function placeFor({ config: named, upstream, url, kind }: PlaceOptions): Promise<Place> {
  if (url === undefined) {
    if (kind !== undefined)
      throw new TuneFault('--kind says what is at --url; a configuration says it of its own servers.')
    const { config, file } = await readSource(named)
    return placeIn(config, upstream, file)
  }
  if (named !== undefined)
    throw new TuneFault('--url is for a server that stands in no configuration; leave out one of both.')
  const one = { name: upstream ?? 'server', kind: kind ?? 'openai-compatible', url }
  return placeIn(parse({ upstreams: [one] }), one.name, undefined)
}

function placeIn(config: Config, name: string | undefined, file: string | undefined): Place {
  const settings = settingsOf(config)
  const { upstreams } = settings
  const upstream = name === undefined ? only(upstreams) : upstreams.find((one) => one.name === name)
  if (upstream !== undefined)
    return { upstream, settings, transport: config.upstream_transport, file, doors: doorsOf(config) }
  const names = upstreams.map((one) => one.name)
  throw new TuneFault(
    name === undefined
      ? `Which of them is meant? --upstream ${names.join(', or --upstream ')}`
      : `There is no upstream called ${name}; ${suggestion(name, names)}.`,
  )
}

const only = (upstreams: readonly UpstreamSettings[]): UpstreamSettings | undefined =>
  upstreams.length === 1 ? upstreams[0] : undefined

/** What a gateway that runs by this configuration does with that server now, in a sentence; undefined where none runs. */
export async function neighbourOf({ doors, upstream }: Place): Promise<string | undefined> {
  const answer = await callAdmin(doors, '/api/upstreams')
  const listed = answer?.status === 200 ? answer.json['upstreams'] : undefined
  if (!Array.isArray(listed)) return undefined
  const url = upstream.origin + upstream.basePath
  const there = (listed as readonly { url?: unknown; in_flight?: unknown }[]).find((one) => one.url === url)
  if (there === undefined) return undefined
  const requests = there.in_flight === 1 ? '1 request' : `${String(there.in_flight)} requests`
  return `a Spillway runs here that uses this server too, with ${requests} under way now; what its callers ask meanwhile is slower, and so is what is measured.`
}
