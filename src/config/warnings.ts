import { priceOf } from '../accounts/prices.ts'
import { backendOf, backends } from '../backends/index.ts'
import { paidTier } from '../core/money.ts'
import { hasName, isPattern } from '../core/names.ts'
import { moneyOf } from './money.ts'
import type { Problem } from './problem.ts'
import type { Config } from './schema.ts'

/** What is accepted and will not do what its writer expects. A budget that is not kept costs money, so it is said aloud. */
export function warnings(config: Config, shown: (value: string) => string): Problem[] {
  const problems: Problem[] = []
  const idle = (isGiven: boolean, path: Problem['path'], text: string): void => {
    if (isGiven) problems.push({ path, text, atKey: true })
  }
  for (const [i, { kind, models }] of config.upstreams.entries()) {
    const backend = backendOf(kind)
    idle(
      backend !== undefined && backend.load === undefined && (models?.preload.length ?? 0) > 0,
      ['upstreams', i, 'models', 'preload'],
      `${backend?.title} cannot be told to load a model; it has in memory what it was started with`,
    )
  }
  for (const [i, { key }] of config.callers.entries()) {
    if (/^\s|\s$|[\0-\x08\x0A-\x1F\x7F]/.test(key)) {
      problems.push({ path: ['callers', i, 'key'], text: strayed })
    }
  }
  idle(
    config.anonymous.limits !== undefined && config.callers.length > 0 && !config.anonymous.allowed,
    ['anonymous', 'limits'],
    'nobody is anonymous where callers have keys; give each caller its limits, or let some in with anonymous.allowed',
  )
  idle(
    config.trusted_proxies.length > 0 &&
      (config.anonymous.limits === undefined || (config.callers.length > 0 && !config.anonymous.allowed)) &&
      config.callers.every(({ addresses }) => addresses === undefined),
    ['trusted_proxies'],
    'addresses only matter for anonymous.limits, where callers have no keys',
  )
  idle(config.cache?.enabled === true, ['cache'], 'nothing is cached by this version')
  return [
    ...problems,
    ...lesserKinds(config),
    ...unpriced(config, shown),
    ...strangeModels(config, shown),
    ...strangeStandIns(config, shown),
  ]
}

const strayed =
  'begins or ends with a space, or holds a line break, which no header can carry: nobody can send this key'

/** Ports on which nearly anything may listen. */
const crowdedPorts: ReadonlySet<number> = new Set([8000, 8080])

/** A kind of which less is known than of the server that is probably meant, and a service that lets nobody in like this. */
function lesserKinds({ upstreams }: Config): Problem[] {
  return upstreams.flatMap(({ kind, url, api_key: key }, i): Problem[] => {
    const backend = backendOf(kind)
    const tell = (text: string): Problem[] => [{ path: ['upstreams', i, 'kind'], text }]
    if (backend === undefined) return []
    if (backend.tier > 0) return key === undefined ? tell(`${kind} answers nobody without a key; set api_key`) : []
    if (backend.usualPort !== undefined) return []
    const port = Number(new URL(url).port)
    const usual = backends.find(({ usualPort }) => usualPort === port && !crowdedPorts.has(port))
    return usual === undefined ? [] : tell(`port ${port} is ${usual.title}'s; if so, write kind: ${usual.kind}`)
  })
}

/** Models in the cloud of which nobody knows what they cost: where money is bounded they are not asked, else it is not counted. */
function unpriced(config: Config, shown: (value: string) => string): Problem[] {
  const { prices } = moneyOf(config)
  const follows = isBounded(config) ? 'so that it is not asked' : 'so that what is spent on it is not counted'
  return config.upstreams.flatMap(({ kind, url, tier = backendOf(kind)?.tier ?? 0, models }, i) => {
    if (tier < paidTier) return []
    return Object.entries(models?.serve ?? {}).flatMap(([name, id]): Problem[] => {
      if (priceOf(id, prices, { kind, url }) !== undefined) return []
      const text = `nobody knows what ${shown(id)} costs there, ${follows}; tell it under prices`
      return [{ path: ['upstreams', i, 'models', 'serve', name], text }]
    })
  })
}

const isBounded = ({ budget, cloud, callers, teams, upstreams, anonymous }: Config): boolean =>
  cloud.request_usd !== undefined ||
  [budget, anonymous.budget, ...[...callers, ...upstreams, ...Object.values(teams)].map((one) => one.budget)]
    .flat()
    .some((one) => one?.usd !== undefined)

/** Models that are to stand in and that no server offers. Where one server offers all it lists, nobody can know. */
function strangeStandIns(config: Config, shown: (value: string) => string): Problem[] {
  const names = servedNames(config)
  if (names === undefined) return []
  return Object.entries(config.fallback_models).flatMap(([model, standIns]) =>
    standIns.flatMap((name, i) => {
      const path = ['fallback_models', model, i]
      return hasName(names.served, name.toLowerCase()) ? [] : [{ path, text: unserved(name, shown) }]
    }),
  )
}

const unserved = (name: string, shown: (value: string) => string): string =>
  `no upstream serves ${shown(name)}; add it to a models.serve`

interface ServedNames {
  /** As callers know them, and as the servers do, in small letters. */
  readonly served: ReadonlySet<string>
  readonly called: ReadonlySet<string>
}

/** Undefined where one server offers all it lists. */
function servedNames({ upstreams }: Config): ServedNames | undefined {
  const served = new Set<string>()
  const called = new Set<string>()
  for (const { models } of upstreams) {
    if (models?.serve === undefined) return undefined
    for (const [name, id] of Object.entries(models.serve)) {
      served.add(name.toLowerCase())
      called.add(id.toLowerCase())
    }
  }
  return { served, called }
}

/** Models that a caller may use, or that have rules, and no server offers. Where one server offers all it lists, nobody can know. */
function strangeModels(config: Config, shown: (value: string) => string): Problem[] {
  const names = servedNames(config)
  if (names === undefined) return []
  const { served, called } = names
  const idle = Object.keys(config.models)
    .filter((rule) => !isPattern(rule) && !hasName(served, rule.toLowerCase()) && !called.has(rule.toLowerCase()))
    .map((rule): Problem => {
      return {
        path: ['models', rule],
        text: `no upstream serves ${shown(rule)}; write it as in a models.serve`,
        atKey: true,
      }
    })
  const strange = config.callers.flatMap(({ models = [] }, i) =>
    models.flatMap((model, j) =>
      hasName(served, model.toLowerCase()) ? [] : [{ path: ['callers', i, 'models', j], text: unserved(model, shown) }],
    ),
  )
  return [...idle, ...strange]
}
