import type { Predicted } from '../core/prediction.ts'
import type { Gateway } from '../gateway.ts'
import type { Trip } from './caller.ts'
import type { Chronicle, Settled } from './chronicle.ts'
import type { Simulation } from './simulation.ts'
import type { SimServer } from './server.ts'

/** How a simulated history went, in numbers. It is plain JSON. */
export interface Report {
  readonly seed: number
  readonly requests: number
  readonly simulatedMs: number
  /** As the callers saw it: heard to the end, broken half way, refused before a byte, or gone of their own will. */
  readonly whole: number
  readonly broken: number
  readonly refused: number
  readonly left: number
  readonly faults: Readonly<Record<string, number>>
  readonly failedAttempts: Readonly<Record<string, number>>
  readonly tokensPerSecond: number
  /** Shares of what was served that went to a costlier tier than the cheapest that has the model. */
  readonly spilled: { readonly requests: number; readonly tokens: number }
  readonly usd: number
  readonly all: Times
  readonly callers: Readonly<Record<string, Times>>
  readonly priorities: Readonly<Record<string, Times>>
  readonly upstreams: Readonly<Record<string, UpstreamReport>>
  /** How true it was what was thought of each when it was let in, of those served at the first try. */
  readonly predictions: Readonly<Record<Predicted, Trueness>>
  readonly timeline: Timeline
  /** Equal for equal histories. */
  readonly digest: string
}

export interface Times {
  readonly requests: number
  readonly served: number
  readonly waitMs: Percentiles
  /** Of what was streamed. */
  readonly firstTokenMs: Percentiles
}

export interface Trueness {
  readonly requests: number
  /** Of how far off they were, to either side: the absolute logarithm of what came by what was predicted. */
  readonly median: number
  readonly p90: number
}

export interface Percentiles {
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

export interface UpstreamReport {
  readonly served: number
  readonly outputTokens: number
  readonly cachedTokens: number
  readonly promptTokens: number
  /** Generations that nobody waited for any more. */
  readonly aborted: number
  readonly broken: number
  readonly loads: number
  readonly openMost: number
  readonly usd: number
  /** How many at once were found to fit, by model. */
  readonly limits: Readonly<Record<string, number>>
}

export interface Timeline {
  readonly everyMs: number
  /** The most that waited at once. */
  readonly queued: readonly number[]
  /** Of those whose first token came then; 0 when none did. */
  readonly firstTokenP95Ms: readonly number[]
}

/** What is left of a history when it has come to its end. */
export interface Seen {
  readonly trips: readonly Trip[]
  readonly chronicle: Chronicle
  readonly servers: readonly SimServer[]
  readonly gateway: Gateway
  readonly tookMs: number
}

export function reportOf({ seed, requests }: Simulation, { trips, chronicle, servers, gateway, tookMs }: Seen): Report {
  const { settled, failedAttempts } = chronicle
  const served = settled.filter(isServed)
  const tokens = sum(served, tokensOf)
  const spilled = served.filter((one) => one.spilled)
  const stayed = trips.filter(({ left }) => !left)
  return {
    seed,
    requests,
    simulatedMs: Math.round(tookMs),
    whole: stayed.filter(({ fault }) => fault === undefined).length,
    broken: stayed.filter(({ fault, answered }) => fault !== undefined && answered).length,
    refused: stayed.filter(({ fault, answered }) => fault !== undefined && !answered).length,
    left: trips.length - stayed.length,
    faults: counted(stayed.flatMap(({ fault }) => fault ?? [])),
    failedAttempts,
    tokensPerSecond: round((tokens * 1_000) / Math.max(tookMs, 1), 10),
    spilled: {
      requests: round(spilled.length / Math.max(served.length, 1), 10_000),
      tokens: round(sum(spilled, tokensOf) / Math.max(tokens, 1), 10_000),
    },
    usd: round(
      sum(servers, ({ usd }) => usd),
      1e6,
    ),
    all: timesOf(settled),
    callers: timesBy(settled, ({ caller }) => caller),
    priorities: timesBy(settled, ({ priority }) => priority),
    upstreams: Object.fromEntries(servers.map((server) => [server.spec.name, upstreamReport(server, served, gateway)])),
    predictions: {
      wait: truenessOf(settled, 'wait'),
      first_token: truenessOf(settled, 'first_token'),
      total: truenessOf(settled, 'total'),
    },
    timeline: timelineOf(chronicle, tookMs),
    digest: chronicle.digest(),
  }
}

/** An answer in one piece has no first token. */
const firstTokenOf = ({ stream, outcome }: Settled): number | undefined => (stream ? outcome.firstTokenMs : undefined)

const isServed = ({ outcome }: Settled): boolean => outcome.fault === undefined

const tokensOf = ({ outcome }: Settled): number => outcome.usage.outputTokens

function upstreamReport(
  { spec, ledger, usd }: SimServer,
  served: readonly Settled[],
  gateway: Gateway,
): UpstreamReport {
  const upstream = gateway.fleet.upstreams.find(({ settings }) => settings.name === spec.name)
  const { outputTokens, cachedTokens, promptTokens, aborted, broken, loads, openMost } = ledger
  return {
    served: served.filter(({ outcome }) => outcome.upstream === spec.name).length,
    outputTokens,
    cachedTokens,
    promptTokens,
    aborted,
    broken,
    loads,
    openMost,
    usd: round(usd, 1e6),
    limits: Object.fromEntries(Array.from(upstream?.places() ?? [], ([model, { limit }]) => [model, limit.value])),
  }
}

function timesBy(settled: readonly Settled[], key: (one: Settled) => string): Record<string, Times> {
  const groups = Map.groupBy(settled, key)
  return Object.fromEntries([...groups.keys()].sort().map((name) => [name, timesOf(groups.get(name)!)]))
}

function timesOf(settled: readonly Settled[]): Times {
  const served = settled.filter(isServed)
  return {
    requests: settled.length,
    served: served.length,
    waitMs: percentiles(served.map(({ outcome }) => outcome.waitMs)),
    firstTokenMs: percentiles(served.map(firstTokenOf).filter((ms) => ms !== undefined)),
  }
}

function truenessOf(settled: readonly Settled[], what: Predicted): Trueness {
  const off: number[] = []
  for (const { comparisons } of settled)
    for (const one of comparisons) if (one.what === what) off.push(Math.log(one.factor))
  const sorted = Float64Array.from(off).sort()
  return { requests: off.length, median: at(sorted, 0.5, 1_000), p90: at(sorted, 0.9, 1_000) }
}

export function percentiles(values: readonly number[]): Percentiles {
  const sorted = Float64Array.from(values).sort()
  return { p50: at(sorted, 0.5), p95: at(sorted, 0.95), p99: at(sorted, 0.99) }
}

const at = (sorted: Float64Array, share: number, parts = 10): number =>
  round(sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0, parts)

const points = 72

function timelineOf({ queue, settled }: Chronicle, tookMs: number): Timeline {
  const everyMs = Math.max(tookMs / points, 1)
  const pointOf = (atMs: number): number => Math.min(Math.floor(atMs / everyMs), points - 1)
  const queued = Array.from({ length: points }, () => 0)
  let last = { point: 0, depth: 0 }
  for (const { at: atMs, depth } of [...queue, { at: tookMs, depth: 0 }]) {
    const point = pointOf(atMs)
    // What waited then has waited ever since.
    for (let between = last.point; between <= point; between += 1)
      queued[between] = Math.max(queued[between]!, last.depth)
    last = { point, depth }
  }
  const firstTokens = Array.from({ length: points }, (): number[] => [])
  for (const one of settled) {
    const ms = firstTokenOf(one)
    if (ms !== undefined) firstTokens[pointOf(one.at - one.outcome.totalMs + ms)]!.push(ms)
  }
  return { everyMs: Math.round(everyMs), queued, firstTokenP95Ms: firstTokens.map((values) => percentiles(values).p95) }
}

function counted(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

const sum = <T>(all: readonly T[], of: (one: T) => number): number => all.reduce((total, one) => total + of(one), 0)

const round = (value: number, parts: number): number => Math.round(value * parts) / parts
