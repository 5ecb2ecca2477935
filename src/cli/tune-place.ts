import { ConfigFault } from '../config/problem.ts'
import type { DoorSettings } from '../config/settings.ts'
import { doorsOf, parse, settingsOf } from '../config/settings.ts'
import type { Config } from '../config/schema.ts'
import { suggestion } from '../config/suggest.ts'
import type { Settings, UpstreamSettings } from '../core/settings.ts'
import { serversThere } from './running.ts'
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
  return placeIn(configOfFlags(one), one.name, undefined)
}

/** What is wrong with it is told by the flag that said it. */
function configOfFlags(upstream: { readonly name: string; readonly kind: string; readonly url: string }): Config {
  try {
    return parse({ upstreams: [upstream] })
  } catch (error) {
    if (!(error instanceof ConfigFault)) throw error
    const flagOf = (step: unknown): string => (step === 'name' ? '--upstream' : `--${String(step)}`)
    throw new TuneFault(error.problems.map(({ path, text }) => `${flagOf(path.at(-1))}: ${text}`).join('\n'))
  }
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
  const url = upstream.origin + upstream.basePath
  const there = (await serversThere(doors))?.find((one) => one.url === url)
  if (there === undefined) return undefined
  const requests = there.in_flight === 1 ? '1 request' : `${String(there.in_flight)} requests`
  return `a Spillway runs here that uses this server too, with ${requests} under way now; what its callers ask meanwhile is slower, and so is what is measured.`
}
