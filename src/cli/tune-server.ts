import { priceTags } from '../accounts/price-tags.ts'
import { isPattern } from '../core/names.ts'
import type { Price } from '../core/money.ts'
import type { Settings, UpstreamSettings } from '../core/settings.ts'
import { createGateway, type Gateway } from '../gateway.ts'
import { type RealWorld, realWorld } from '../http/world.ts'
import { aloneIn } from '../trial/tuning/alone.ts'

/** Something that only the person before the terminal can put right, in a sentence. */
export class TuneFault extends Error {}

type Upstream = Gateway['fleet']['upstreams'][number]

/** One server, with a gateway before it that has no other and lets through all that is asked. */
export interface TuneServer {
  readonly world: RealWorld
  readonly gateway: Gateway
  readonly upstream: Upstream
  close(): Promise<void>
}

export interface TuneServerOptions {
  readonly settings: Settings
  readonly upstream: UpstreamSettings
  readonly transport: 'own' | 'undici'
  /** So many may be asked there at once. */
  readonly max: number
}

/** Throws a TuneFault where nobody answers. */
export async function openTuneServer({
  settings,
  upstream: one,
  transport,
  max,
}: TuneServerOptions): Promise<TuneServer> {
  const world = realWorld({ transport, connectMs: settings.timeouts.connectMs })
  const gateway = createGateway(aloneIn(settings, one, max), { world })
  await gateway.start()
  const [upstream] = gateway.fleet.upstreams
  const close = async (): Promise<void> => {
    await gateway.stop()
    await world.close()
  }
  if (upstream?.up === true) return { world, gateway, upstream, close }
  await close()
  throw new TuneFault(`${one.name} at ${one.origin} ${upstream?.lastError ?? 'does not answer'}.`)
}

/** The model that is meant: the one named, one that is in memory, or the first that is served. */
export function modelOn(upstream: Upstream, named: string | undefined): string {
  const { name } = upstream.settings
  if (named !== undefined) {
    if (upstream.modelFor(named) !== undefined) return named
    throw new TuneFault(`${name} does not serve ${named}; it serves ${listed(upstream)}.`)
  }
  const talking = upstream.models().filter((model) => !isPattern(model.name) && model.can?.has('chat') !== false)
  const model = talking.find(({ loaded }) => loaded === true) ?? talking[0]
  if (model !== undefined) return model.name
  throw new TuneFault(`${name} serves no model that could be asked for words; name one: --model.`)
}

function listed(upstream: Upstream): string {
  const names = upstream.models().map(({ name }) => name)
  if (names.length === 0) return 'none'
  return names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ')
}

/** What the model costs there; undefined where nobody knows. */
export function priceOn(upstream: Upstream, model: string, { money }: Settings, epochMs: number): Price | undefined {
  const id = upstream.modelFor(model)?.id ?? model
  const [tag] = priceTags([{ upstream: upstream.settings, id, name: model }], money?.prices ?? new Map(), epochMs)
  return tag?.price
}
