import { stepMsAt } from '../../src/sim/engine-spec.ts'
import type { Machine } from '../../src/sim/fleet.ts'
import { type History, isCloud } from './drive.ts'
import type { Scenario } from './scenario.ts'
import type { Trip } from './trip.ts'

/** Dollars for a thousand tokens of an answer from the cloud. */
const usdPerThousand = 0.01

/** What one seed says about one arm. Shares are between 0 and 1 and of all that was asked. */
export interface Measures {
  readonly requests: number
  readonly firstP50Ms: number
  readonly firstP95Ms: number
  readonly firstP99Ms: number
  readonly totalP50Ms: number
  readonly totalP95Ms: number
  readonly totalP99Ms: number
  /** Those that had their answer in time, from whomever. */
  readonly inTime: number
  /** Of the capacity of the servers at home: what went into answers that were whole and on time. */
  readonly onTimeWork: number
  /** The same of all that were whole, be they too late. */
  readonly wholeWork: number
  /** Gone to the cloud: of requests, of all tokens, of the work they would have been at home. */
  readonly outRequests: number
  readonly outTokens: number
  readonly outWork: number
  readonly refused: number
  /** Cut off after the first token, and failed although not a word had been said. */
  readonly broken: number
  readonly failed: number
  /** Until somebody was turned away. */
  readonly refusedP50Ms: number
  readonly refusedP99Ms: number
  /** For a thousand tokens of answers that were served, by whomever. */
  readonly usdPerThousand: number
  /** p99 until the end, by thirds of answers: short, middle, long. */
  readonly shortP99Ms: number
  readonly middleP99Ms: number
  readonly longP99Ms: number
  /** Of the answers of that third, those that went out or were refused. */
  readonly shortAway: number
  readonly middleAway: number
  readonly longAway: number
  /** Time spent on loading models, for each request. */
  readonly loadingMs: number
  /** Of the prompt tokens that servers at home saw, those that they still knew. */
  readonly cached: number
  /** The same, of what a cache without end would know. */
  readonly cachedOfMost: number
}

/** Milliseconds of a full machine that such an answer takes. */
export function workMs({ server: { engine } }: Machine, promptTokens: number, outputTokens: number): number {
  const { prefillTokensPerSecond, stepMs, slots } = engine
  return (promptTokens * 1_000) / prefillTokensPerSecond + (outputTokens * stepMsAt(stepMs, slots)) / slots
}

export function countedTrips({ scenario, trips }: Pick<History, 'scenario' | 'trips'>): readonly Trip[] {
  const { countedFromMs, countedToMs = scenario.lengthMs } = scenario
  return trips.filter(({ atMs }) => atMs >= countedFromMs && atMs < countedToMs)
}

export function measure(history: History, capacity: number): Measures {
  const { scenario, trips: all, servers } = history
  const { fleet, countedFromMs, countedToMs = scenario.lengthMs, cachedMost } = scenario
  const trips = countedTrips(history)
  const clouds = new Set(fleet.filter(isCloud).map(({ server }) => server.name))
  const homes = servers.filter(({ spec }) => !clouds.has(spec.name))
  const home = fleet.find((machine) => !isCloud(machine))!
  const work = (some: readonly Trip[]): number =>
    sum(some, ({ promptTokens, outputTokens }) => workMs(home, promptTokens, outputTokens))
  const tokens = (some: readonly Trip[]): number => sum(some, (trip) => trip.promptTokens + trip.outputTokens)
  const said = (some: readonly Trip[]): number => sum(some, ({ outputTokens }) => outputTokens)
  const served = trips.filter(({ ending }) => ending === 'whole')
  const cut = trips.filter(({ ending }) => ending === 'broken')
  const refusals = trips.filter(({ ending }) => ending === 'refused').map(({ totalMs }) => totalMs)
  const out = served.filter(({ server }) => clouds.has(server!))
  const inTime = served.filter((trip) => isInTime(trip, scenario))
  const onTime = inTime.filter(({ server }) => !clouds.has(server!))
  const firstTokens = served.map(({ firstTokenMs }) => firstTokenMs!)
  const totals = served.map(({ totalMs }) => totalMs)
  const [short, middle, long] = thirds(trips)
  const p99 = (some: readonly Trip[]): number =>
    percentile(
      some.filter(({ ending }) => ending === 'whole').map(({ totalMs }) => totalMs),
      0.99,
    )
  const away = (some: readonly Trip[]): number =>
    share(some.filter(({ ending, server }) => ending !== 'whole' || clouds.has(server!)).length, some.length)
  const cached = share(
    sum(homes, ({ ledger }) => ledger.cachedTokens),
    sum(homes, ({ ledger }) => ledger.promptTokens),
  )
  const capableOf = (countedToMs - countedFromMs) * (scenario.homesUp ?? homes.length) * capacity
  return {
    requests: trips.length,
    firstP50Ms: percentile(firstTokens, 0.5),
    firstP95Ms: percentile(firstTokens, 0.95),
    firstP99Ms: percentile(firstTokens, 0.99),
    totalP50Ms: percentile(totals, 0.5),
    totalP95Ms: percentile(totals, 0.95),
    totalP99Ms: percentile(totals, 0.99),
    inTime: share(inTime.length, trips.length),
    onTimeWork: share(work(onTime), capableOf),
    wholeWork: share(work(served.filter(({ server }) => !clouds.has(server!))), capableOf),
    outRequests: share(out.length, trips.length),
    outTokens: share(tokens(out), tokens(trips)),
    outWork: share(work(out), work(trips)),
    refused: share(refusals.length, trips.length),
    broken: share(cut.filter(spoke).length, trips.length),
    failed: share(cut.length - cut.filter(spoke).length, trips.length),
    refusedP50Ms: percentile(refusals, 0.5),
    refusedP99Ms: percentile(refusals, 0.99),
    usdPerThousand: share(said(out), said(served)) * usdPerThousand,
    shortP99Ms: p99(short),
    middleP99Ms: p99(middle),
    longP99Ms: p99(long),
    shortAway: away(short),
    middleAway: away(middle),
    longAway: away(long),
    loadingMs: sum(homes, ({ ledger, spec }) => ledger.loads * spec.engine.loadMs) / all.length,
    cached,
    cachedOfMost: cachedMost === undefined ? 0 : cached / cachedMost,
  }
}

const spoke = ({ firstTokenMs }: Trip): boolean => firstTokenMs !== undefined

function isInTime({ firstTokenMs, totalMs }: Trip, { onTime }: Scenario): boolean {
  const { patienceMs = Infinity, deadlineMs = Infinity } = onTime
  return (firstTokenMs ?? Infinity) <= patienceMs && totalMs <= deadlineMs
}

/** None where all are equally long. */
function thirds(trips: readonly Trip[]): [short: readonly Trip[], middle: readonly Trip[], long: readonly Trip[]] {
  if (trips.every(({ outputTokens }) => outputTokens === trips[0]!.outputTokens)) return [[], [], []]
  const sorted = trips.toSorted((one, other) => one.outputTokens - other.outputTokens)
  const third = Math.ceil(sorted.length / 3)
  return [sorted.slice(0, third), sorted.slice(third, 2 * third), sorted.slice(2 * third)]
}

/** NaN when there are none. */
function percentile(values: readonly number[], part: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)] ?? NaN
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)

const sum = <T>(all: readonly T[], of: (one: T) => number): number => all.reduce((total, one) => total + of(one), 0)
