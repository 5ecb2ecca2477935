import { backendOf } from '../backends/index.ts'
import { resolve } from '../config/settings.ts'
import type { Limits } from '../core/allowance.ts'
import type { Budget } from '../core/budget.ts'
import { nanoPerDollar, picoPerMillion, type Price } from '../core/money.ts'
import type { CallerSettings, MoneySettings, Settings, TeamSettings, UpstreamSettings } from '../core/settings.ts'
import type {
  RecordedBudget,
  RecordedCaller,
  RecordedLimits,
  RecordedMoney,
  RecordedUpstream,
  SettingsRow,
} from '../recording/rows.ts'

/** The configuration that a recording tells of. What it does not tell is as it is by default. */
export function settingsAsRecorded({ upstreams, queue, callers, teams: known = {}, money }: SettingsRow): Settings {
  const teams = new Map(
    Object.entries(known).map(([name, { cloud, budgets }]): [string, TeamSettings] => [
      name,
      { name, cloud, budgets: budgetsOf(budgets) },
    ]),
  )
  return {
    ...usualSettings(),
    upstreams: upstreams.map(upstreamOf),
    queue: { max: queue.max, patienceMs: queue.patience_ms, deadlineMs: queue.deadline_ms },
    callers: callers.map((caller) => callerOf(caller, teams)),
    teams,
    money: { ...usualSettings().money!, ...(money && moneyOf(money)) },
  }
}

let usual: Settings | undefined

/** All that holds where nothing is configured; the server in it is none. */
export const usualSettings = (): Settings =>
  (usual ??= resolve({ upstreams: [{ name: 'any', kind: 'ollama', url: 'http://127.0.0.1:1' }] }))

function upstreamOf({ name, kind, tier, concurrency, serve, context, ...its }: RecordedUpstream): UpstreamSettings {
  return {
    name,
    // A kind that is not known here was some application's own; most of those speak OpenAI's chat.
    backend: backendOf(kind) ?? backendOf('openai-compatible')!,
    origin: `http://${name}.recorded`,
    basePath: '',
    apiKey: undefined,
    tier,
    concurrency,
    serve: serve === undefined ? undefined : new Map(Object.entries(serve)),
    context: new Map(Object.entries(context)),
    preload: its.preload ?? [],
    modelsMax: its.models_max,
    budgets: budgetsOf(its.budgets),
  }
}

function callerOf(recorded: RecordedCaller, teams: ReadonlyMap<string, TeamSettings>): CallerSettings {
  const { name, weight, priority, cloud, limits, budgets } = recorded
  const team = recorded.team === undefined ? undefined : teams.get(recorded.team)
  return {
    caller: {
      id: name,
      weight,
      priority,
      cloud,
      models: undefined,
      budgets: budgetsOf(budgets),
      ...(team !== undefined && { team }),
      ...(limits !== undefined && { limits: limitsOf(limits) }),
    },
    key: keyOf(name),
    patienceMs: recorded.patience_ms,
    deadlineMs: recorded.deadline_ms,
  }
}

/** Nobody's key is known here, and everybody needs one. */
export const keyOf = (caller: string): string => `key of ${caller}`

const moneyOf = (money: RecordedMoney): Omit<MoneySettings, 'alerts' | 'prices'> => ({
  budgets: budgetsOf(money.budgets),
  timeZone: money.time_zone,
  cloudOpen: money.cloud_open,
  requestMostNano: money.request_usd === undefined ? undefined : nano(money.request_usd),
  outputTokensMost: money.output_max,
})

const limitsOf = (limits: RecordedLimits): Limits => ({
  requestsPerMinute: limits.requests_per_minute,
  tokensPerMinute: limits.tokens_per_minute,
  concurrent: limits.concurrent,
  burstMs: limits.burst_ms,
})

const budgetsOf = (budgets: readonly RecordedBudget[] = []): readonly Budget[] =>
  budgets.map(({ per, usd, tokens, gpu_ms: gpuMs }) => ({
    per,
    nano: usd === undefined ? undefined : nano(usd),
    tokens,
    gpuMs,
    alertAt: [],
  }))

const nano = (dollars: number): number => Math.round(dollars * nanoPerDollar)

/** By the names that servers have for their models. */
export function pricesOf(upstreams: readonly RecordedUpstream[]): MoneySettings['prices'] {
  const prices = new Map<string, Price>()
  for (const upstream of upstreams) {
    for (const [model, { input, output }] of Object.entries(upstream.prices ?? {})) {
      const price = { input: pico(input), output: pico(output), source: 'recording' }
      if (!prices.has(model.toLowerCase())) prices.set(model.toLowerCase(), price)
    }
  }
  return prices
}

const pico = (dollarsPerMillion: number): number => Math.round(dollarsPerMillion * picoPerMillion)
