import type { BudgetStanding } from '../core/budget.ts'
import type { Event } from '../core/event.ts'
import { nanoPerDollar } from '../core/money.ts'
import type { Settings } from '../core/settings.ts'
import type { Registry } from './registry.ts'

/** Read when Prometheus asks. A gateway is one. */
export interface MoneyMetricsSource {
  readonly settings: Pick<Settings, 'callers' | 'upstreams' | 'teams' | 'money'>
  readonly treasury: { readonly isCloudOpen: boolean; standings(): readonly BudgetStanding[] }
  /** Why nothing can be spent now. */
  readonly ledger: { readonly trouble: string | undefined }
}

/** Requests that have ended and are not in the books so far, and those that found no room even to wait. */
export interface Backlog {
  readonly waiting: number
  readonly dropped: number
}

/** What was spent and saved, how the budgets stand, and whether anything may be spent. Returns what listens to the events. */
export function measureMoney(
  registry: Registry,
  source: MoneyMetricsSource,
  backlog: (() => Backlog) | undefined,
): (event: Event) => void {
  const spent = new Map(source.settings.upstreams.filter(({ tier }) => tier > 0).map(({ name }) => [name, 0]))
  let saved = 0
  registry.counted(
    { name: 'spillway_cost_usd_total', help: 'Dollars spent, by the server they were spent at.', labels: ['upstream'] },
    (sample) => {
      for (const [upstream, nano] of spent) sample(nano / nanoPerDollar, upstream)
    },
  )
  registry.counted(
    {
      name: 'spillway_saved_usd_total',
      help: 'Dollars that what was served at home would have cost in the cloud, where one has the model.',
      labels: [],
    },
    (sample) => sample(saved / nanoPerDollar),
  )
  const alerts = registry.counter({
    name: 'spillway_budget_alerts_total',
    help: 'How often so much of a budget was found used up, by the share of it.',
    labels: ['share'],
  })
  for (const share of sharesIn(source.settings)) alerts.with(String(share))
  budgetGauges(registry, source)
  registry.gauge(
    { name: 'spillway_cloud_open', help: 'Whether anything may leave for servers that cost money.', labels: [] },
    (sample) => sample(source.treasury.isCloudOpen ? 1 : 0),
  )
  registry.gauge(
    {
      name: 'spillway_ledger_trouble',
      help: 'Whether the ledger cannot be written to, so that nothing can be spent.',
      labels: [],
    },
    (sample) => sample(source.ledger.trouble === undefined ? 0 : 1),
  )
  registry.gauge(
    { name: 'spillway_journal_waiting', help: 'Requests that have ended and wait for the ledger.', labels: [] },
    (sample) => sample(backlog?.().waiting ?? 0),
  )
  registry.counted(
    {
      name: 'spillway_journal_dropped_total',
      help: 'Requests that could not be taken down anywhere: the disk was full, and so was the room kept for that.',
      labels: [],
    },
    (sample) => sample(backlog?.().dropped ?? 0),
  )
  return (event) => {
    if (event.type === 'money-spent') spent.set(event.upstream, (spent.get(event.upstream) ?? 0) + event.nano)
    else if (event.type === 'budget-reached') alerts.with(String(event.share)).add(1)
    else if (event.type === 'ask-settled') saved += event.outcome.savedNano ?? 0
  }
}

function budgetGauges(registry: Registry, source: MoneyMetricsSource): void {
  const parts = { limit: 'may be spent', spent: 'is spent', held: 'is set aside for what is under way' } as const
  for (const part of ['limit', 'spent', 'held'] as const) {
    registry.gauge(
      {
        name: `spillway_budget_${part}_usd`,
        help: `Dollars of a budget of the configuration: what ${parts[part]} in its span.`,
        labels: ['account'],
      },
      (sample) => {
        const isConfigured = configuredIn(source.settings)
        const tightest = new Map<string, BudgetStanding>()
        for (const standing of source.treasury.standings()) {
          const { account, counted, limit } = standing
          if (counted !== 'nano' || !isConfigured(account)) continue
          // A series that comes twice costs the whole scrape: of two budgets for one span it is the smaller that counts.
          if (limit <= (tightest.get(account)?.limit ?? Infinity)) tightest.set(account, standing)
        }
        for (const [account, standing] of tightest) sample(standing[part] / nanoPerDollar, account)
      },
    )
  }
}

/** Keys are made while the gateway runs, and their callers must not become time series without end. */
function configuredIn({ callers, upstreams, teams }: MoneyMetricsSource['settings']): (account: string) => boolean {
  const names = new Set([
    'gateway',
    ...callers.map(({ caller }) => `caller:${caller.id}`),
    ...upstreams.map(({ name }) => `upstream:${name}`),
    ...Array.from(teams?.keys() ?? [], (name) => `team:${name}`),
  ])
  return (account) => names.has(account.slice(0, account.lastIndexOf('/')))
}

function sharesIn({ callers, upstreams, teams, money }: MoneyMetricsSource['settings']): ReadonlySet<number> {
  const budgets = [
    ...(money?.budgets ?? []),
    ...callers.flatMap(({ caller }) => caller.budgets ?? []),
    ...upstreams.flatMap((upstream) => upstream.budgets ?? []),
    ...Array.from(teams?.values() ?? [], (team) => team.budgets).flat(),
  ]
  return new Set(budgets.flatMap(({ alertAt }) => alertAt))
}
