import { isPattern } from '../../core/names.ts'
import { costsMoney, priceTags } from '../../accounts/price-tags.ts'
import { mostFor, nanoPerDollar } from '../../core/money.ts'
import type { Settings } from '../../core/settings.ts'
import type { World } from '../../core/world.ts'
import type { Gateway } from '../../gateway.ts'
import { overHttp } from '../../trial/over-http.ts'
import { InTurn } from '../../trial/scenarios/in-turn.ts'
import { within } from '../../trial/scenarios/within.ts'
import type { Target } from '../../trial/target.ts'
import { BenchFault } from './options.ts'
import { answerMostMs, type Site, type SiteFacts } from './site.ts'

type Fleet = Gateway['fleet']
type Upstream = Fleet['upstreams'][number]

const isAtHome = ({ settings }: Upstream): boolean => !costsMoney(settings)

/** The model that is meant: the one named, one that is in memory, or the first that can be talked with. */
export function modelIn(fleet: Fleet, named: string | undefined): string {
  if (named !== undefined) {
    if (fleet.offering(named) !== undefined) return named
    throw new BenchFault(`No server here serves ${named}; there are ${listed(fleet)}.`)
  }
  const talking = fleet
    .models()
    .filter(({ name, can }) => !isPattern(name) && can?.has('chat') !== false && homesOf(fleet, name).length > 0)
  const model = talking.find(({ loaded }) => loaded === true) ?? talking[0]
  if (model !== undefined) return model.name
  const down = fleet.upstreams.filter(({ up }) => up !== true)
  const [one] = down
  throw new BenchFault(
    one === undefined
      ? 'No server here serves a model that could be asked for words; name one: --model.'
      : `${one.settings.name} at ${one.settings.origin} ${one.lastError ?? 'does not answer'}.`,
  )
}

function listed(fleet: Fleet): string {
  const names = fleet.models().map(({ name }) => name)
  if (names.length === 0) return 'none'
  return names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ')
}

/** The servers at home that have it and answer. */
const homesOf = (fleet: Fleet, model: string): readonly Upstream[] =>
  fleet.serving(model).filter((upstream) => isAtHome(upstream) && upstream.up === true)

const dialect = 'openai-chat'

/** Each server at home by itself, as a program would ask it that knows of no gateway. */
export function straightTo(world: World, fleet: Fleet, model: string): InTurn | undefined {
  const found = new Map<string, Target>()
  for (const upstream of homesOf(fleet, model)) {
    const { name, origin, basePath, apiKey: key, backend } = upstream.settings
    const served = upstream.modelFor(model)
    if (served === undefined || backend.speaks[dialect] === undefined) continue
    const target = overHttp(world, { url: origin + basePath, model: served.id, key, dialect })
    found.set(name, within(world, target, answerMostMs))
  }
  return found.size === 0 ? undefined : new InTurn(found)
}

export const spillsIn = (fleet: Fleet): ((name: string | undefined) => boolean) => {
  const paid = new Set(fleet.upstreams.filter((upstream) => !isAtHome(upstream)).map(({ settings }) => settings.name))
  return (name) => name !== undefined && paid.has(name)
}

/** Those that may answer. */
export const factsOf = (fleet: Fleet, model: string, leftOut: readonly string[]): SiteFacts['servers'] =>
  fleet
    .serving(model)
    .filter(({ settings }) => !leftOut.includes(settings.name))
    .map(({ settings: { name, backend }, version }) => ({ name, kind: backend.kind, version }))

/** What one request costs at most, at the dearest server that costs money; undefined where nobody knows. */
export function dollarsIn(fleet: Fleet, model: string, { money }: Settings, epochMs: number): Site['dollarsFor'] {
  const wares = fleet
    .serving(model)
    .filter(({ settings }) => costsMoney(settings))
    .map((upstream) => ({ upstream: upstream.settings, id: upstream.modelFor(model)?.id ?? model, name: model }))
  const prices = priceTags(wares, money?.prices ?? new Map(), epochMs).map(({ price }) => price)
  return (promptTokens, outputTokens) => {
    const costs = prices.map((price) => price && mostFor(promptTokens, outputTokens, price) / nanoPerDollar)
    return costs.includes(undefined) ? undefined : Math.max(0, ...costs.filter((cost) => cost !== undefined))
  }
}
