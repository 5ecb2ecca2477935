import { backends as known } from '../backends/index.ts'
import type { Limits } from '../core/allowance.ts'
import type { Caller } from '../core/ask.ts'
import type { Backend } from '../core/backend.ts'
import type { CallerSettings, Settings, TeamSettings, UpstreamSettings } from '../core/settings.ts'
import { type Address, isLoopback, readAddress, readNetwork } from './address.ts'
import { meaningProblems } from './meaning.ts'
import { budgetsOf, moneyOf, recordingOf, recordsOf, teamsOf } from './money.ts'
import { ConfigFault, type Problem } from './problem.ts'
import { type Config, type ConfigInput, type LimitsConfig, schema } from './schema.ts'
import type { Scopes } from './schema-callers.ts'
import { shapeProblems } from './shape.ts'
import { readUrl, type UpstreamUrl } from './url.ts'

export interface ResolveOptions {
  /** Kinds of server beyond the built-in ones; one with a known name replaces it. */
  readonly backends?: readonly Backend[] | undefined
  /** Values that came from the environment. None of them is ever shown. */
  readonly secrets?: ReadonlySet<string> | undefined
  /** Callers have keys that are not in the configuration, or whoever asks sees to that. */
  readonly hasKeys?: boolean | undefined
}

/** Checks a configuration given as an object, as an application does. Throws a ConfigFault with everything that is wrong. */
export function resolve(input: ConfigInput, options: ResolveOptions = {}): Settings {
  return settingsOf(parse(input, options), options)
}

/** The configuration with its defaults. Throws a ConfigFault with everything that is wrong. */
export function parse(input: unknown, options: ResolveOptions = {}): Config {
  const result = inspect(input, options)
  if ('problems' in result) throw new ConfigFault(result.problems)
  return result.config
}

/** Checks the shape, and what a shape cannot say. */
export function inspect(
  input: unknown,
  { backends = [], secrets, hasKeys }: ResolveOptions,
): { readonly config: Config } | { readonly problems: readonly Problem[] } {
  const parsed = schema.safeParse(input)
  const problems = [
    ...(parsed.success ? [] : shapeProblems(parsed.error.issues, input)),
    ...meaningProblems(input, {
      kinds: [...new Set([...known, ...backends].map(({ kind }) => kind))],
      shown: shownBut(secrets),
      hasKeys,
    }),
  ]
  return parsed.success && problems.length === 0 ? { config: parsed.data } : { problems }
}

/** How a value is called in a message: by itself in quotes, but for one that came from the environment. */
export const shownBut =
  (secrets: ReadonlySet<string> = new Set()) =>
  (value: string): string =>
    secrets.has(value) ? '(not shown, from the environment)' : JSON.stringify(value)

/** What the rest of the house works from. */
export function settingsOf(config: Config, { backends = [] }: ResolveOptions = {}): Settings {
  const kinds = [...backends, ...known]
  const teams = teamsOf(config)
  return {
    upstreams: config.upstreams.map((upstream): UpstreamSettings => {
      const backend = kinds.find(({ kind }) => kind === upstream.kind)!
      const { origin, basePath } = readUrl(upstream.url) as UpstreamUrl
      const { serve, context = {}, preload = [], at_once: modelsMax } = upstream.models ?? {}
      return {
        name: upstream.name,
        backend,
        origin,
        basePath,
        apiKey: upstream.api_key,
        tier: upstream.tier ?? backend.tier,
        concurrency: upstream.concurrency,
        serve: serve === undefined ? undefined : new Map(Object.entries(serve)),
        context: new Map(Object.entries(context)),
        preload,
        modelsMax,
        budgets: budgetsOf(upstream.budget),
      }
    }),
    standIns: bySmallLetters(config.fallback_models),
    queue: {
      max: config.queue.max,
      patienceMs: config.queue.patience,
      deadlineMs: config.queue.deadline,
      shares: config.queue.shares,
    },
    callers: config.callers.map(({ name, key, expires, ...written }) => ({
      ...holderOf(name, written, teams),
      key,
      ...(expires !== undefined && { expiresAt: Date.parse(expires) }),
    })),
    teams,
    money: moneyOf(config),
    records: recordsOf(config),
    recording: recordingOf(config),
    ...(config.anonymous.allowed && { anonymous: anonymousOf(config) }),
    ...(config.anonymous.limits !== undefined && { anonymousLimits: limitsOf(config.anonymous.limits) }),
    trustedProxies: config.trusted_proxies.map((text) => readNetwork(text)!),
    models: new Map(Object.entries(config.models)),
    timeouts: {
      connectMs: config.timeouts.connect,
      loadMs: config.timeouts.load,
      firstTokenMs: config.timeouts.first_token,
      gapMs: config.timeouts.gap,
      totalMs: config.timeouts.total,
      heartbeatMs: config.timeouts.heartbeat || undefined,
      drainMs: config.timeouts.drain,
      drainDelayMs: config.timeouts.drain_delay,
    },
    bounds: {
      connections: config.bounds.connections,
      connectionsPerAddress: config.bounds.connections_per_address,
      readerStallMs: config.bounds.reader_stall,
      unreadBytes: config.bounds.unread,
      bodyBytes: config.bounds.body,
    },
    attemptsMax: config.attempts,
    retryShare: config.retry_budget,
    probeEveryMs: config.probe_every,
    hedge: config.hedge === false ? undefined : config.hedge,
  }
}

/** Whoever may do this, under a name. Throws where it belongs to a team that there is not. */
export function holderOf(
  name: string,
  written: Scopes,
  teams: ReadonlyMap<string, TeamSettings>,
): Omit<CallerSettings, 'key'> {
  const { weight, priority, cloud, models, limits, budget, dialects, clamp, addresses } = written
  const team = written.team === undefined ? undefined : teams.get(written.team)
  // Its budgets would bound nothing.
  if (written.team !== undefined && team === undefined) throw new ConfigFault([{ path: ['team'], text: noTeam }])
  const caller: Caller = {
    id: name,
    weight,
    priority,
    cloud: team?.cloud === 'never' ? 'never' : cloud,
    models: setOf(models),
    clamp,
    budgets: budgetsOf(budget),
    ...(team !== undefined && { team }),
    ...(dialects !== undefined && { dialects: new Set(dialects) }),
    ...(limits !== undefined && { limits: limitsOf(limits) }),
  }
  return {
    caller,
    patienceMs: written.patience,
    deadlineMs: written.deadline,
    ...(addresses !== undefined && { addresses: addresses.map((text) => readNetwork(text)!) }),
  }
}

function anonymousOf({ anonymous: { models, cloud, priority, limits, budget } }: Config): Caller {
  return {
    id: 'anonymous',
    weight: 1,
    priority,
    cloud,
    models: setOf(models),
    budgets: budgetsOf(budget),
    ...(limits !== undefined && { limits: limitsOf(limits) }),
  }
}

const noTeam = 'is none of the teams in the configuration'

const setOf = (names: readonly string[] | undefined): ReadonlySet<string> | undefined => names && new Set(names)

/** As it is spelled, and as it may be spelled too. */
const bySmallLetters = <T>(written: Readonly<Record<string, T>>): ReadonlyMap<string, T> =>
  new Map(
    Object.entries(written).flatMap(([name, value]) => [
      [name.toLowerCase(), value],
      [name, value],
    ]),
  )

/** The limits as they are written, to those that are kept. */
const limitsOf = (written: LimitsConfig): Limits => ({
  requestsPerMinute: written.requests_per_minute,
  tokensPerMinute: written.tokens_per_minute,
  concurrent: written.concurrent,
  ...(written.burst !== undefined && { burstMs: written.burst }),
})

export interface DoorSettings {
  readonly listen: Address
  readonly admin: Address & { readonly token: string | undefined }
}

/** Others can reach the callers' port, and the configuration has no keys for them nor says that they need none. */
export const isForStrangers = ({ listen, callers, anonymous }: Config): boolean =>
  !isLoopback(readAddress(listen)!.host) && callers.length === 0 && !anonymous.allowed

/** Where the two ports stand. */
export function doorsOf({ listen, admin }: Config): DoorSettings {
  return { listen: readAddress(listen)!, admin: { ...readAddress(admin.listen)!, token: admin.token } }
}
