import type { Limits } from '../core/allowance.ts'
import type { Budget } from '../core/budget.ts'
import { nanoPerDollar, paidTier, picoPerMillion, type Price } from '../core/money.ts'
import type { CallerSettings, MoneySettings, Settings, TeamSettings, UpstreamSettings } from '../core/settings.ts'
import { formatVersion } from './line.ts'
import type {
  RecordedBudget,
  RecordedCaller,
  RecordedLimits,
  RecordedMoney,
  RecordedTeam,
  RecordedUpstream,
  SettingsRow,
} from './rows.ts'

/** What holds, but for the moment. */
export type Facts = Omit<SettingsRow, 'type' | 'version' | 'at'>

export interface FactParts {
  /** Spillway's own version. */
  readonly spillway: string
  readonly settings: Settings
  /** The servers as they are known now. */
  readonly upstreams: readonly KnownUpstream[]
  readonly priceOf: (model: string) => Price | undefined
}

/** Who needs no key waits as long as everybody. */
type KnownCaller = Pick<CallerSettings, 'caller'> & Partial<Pick<CallerSettings, 'patienceMs' | 'deadlineMs'>>

interface KnownUpstream {
  readonly settings: UpstreamSettings
  models(): readonly { readonly id: string; readonly contextTokens: number | undefined }[]
}

export const settingsRow = (facts: Facts, at: number): SettingsRow => ({
  type: 'settings',
  version: formatVersion,
  at,
  ...facts,
})

/** Of a configuration, and of what was learned of its servers, what one needs to play its requests again: no addresses, and no keys. */
export function factsOf({ spillway, settings, upstreams, priceOf }: FactParts): Facts {
  const { queue, callers, anonymous, teams, money } = settings
  return {
    spillway,
    upstreams: upstreams.map((upstream) => recorded(upstream, priceOf)),
    queue: { max: queue.max, patience_ms: queue.patienceMs, deadline_ms: queue.deadlineMs },
    callers: [...callers, ...(anonymous === undefined ? [] : [{ caller: anonymous }])].map(callerOf),
    teams: teams === undefined || teams.size === 0 ? undefined : Object.fromEntries(Array.from(teams, teamOf)),
    money: money && moneyOf(money),
  }
}

function recorded(upstream: KnownUpstream, priceOf: FactParts['priceOf']): RecordedUpstream {
  const { name, backend, tier, concurrency, serve, context, budgets, preload = [], modelsMax } = upstream.settings
  const models = upstream.models()
  const contexts = new Map(context)
  for (const { id, contextTokens } of models) if (contextTokens !== undefined) contexts.set(id, contextTokens)
  const prices = new Map<string, { input: number; output: number }>()
  if (tier >= paidTier)
    for (const { id } of models) {
      const price = priceOf(id)
      if (price !== undefined) prices.set(id, { input: usd(price.input), output: usd(price.output) })
    }
  return {
    name,
    kind: backend.kind,
    tier,
    concurrency,
    serve: serve && Object.fromEntries(serve),
    context: Object.fromEntries(contexts),
    prices: prices.size === 0 ? undefined : Object.fromEntries(prices),
    budgets: budgetsOf(budgets),
    preload: preload.length === 0 ? undefined : preload,
    models_max: modelsMax,
  }
}

const usd = (picoEach: number): number => picoEach / picoPerMillion

const callerOf = ({ caller, patienceMs, deadlineMs }: KnownCaller): RecordedCaller => ({
  name: caller.id,
  weight: caller.weight,
  priority: caller.priority,
  cloud: caller.cloud,
  patience_ms: patienceMs,
  deadline_ms: deadlineMs,
  limits: caller.limits && limitsOf(caller.limits),
  budgets: budgetsOf(caller.budgets),
  team: caller.team?.name,
})

const teamOf = ([name, { cloud, budgets }]: readonly [string, TeamSettings]): readonly [string, RecordedTeam] => [
  name,
  { cloud, budgets: budgetsOf(budgets) },
]

const moneyOf = ({
  timeZone,
  cloudOpen,
  requestMostNano,
  outputTokensMost,
  budgets,
}: MoneySettings): RecordedMoney => ({
  time_zone: timeZone,
  cloud_open: cloudOpen,
  request_usd: requestMostNano && requestMostNano / nanoPerDollar,
  output_max: outputTokensMost,
  budgets: budgetsOf(budgets),
})

const limitsOf = ({ requestsPerMinute, tokensPerMinute, concurrent, burstMs }: Limits): RecordedLimits => ({
  requests_per_minute: requestsPerMinute,
  tokens_per_minute: tokensPerMinute,
  concurrent,
  burst_ms: burstMs,
})

function budgetsOf(budgets: readonly Budget[] = []): readonly RecordedBudget[] | undefined {
  if (budgets.length === 0) return undefined
  return budgets.map(({ per, nano, tokens, gpuMs }) => ({
    per,
    usd: nano && nano / nanoPerDollar,
    tokens,
    gpu_ms: gpuMs,
  }))
}
