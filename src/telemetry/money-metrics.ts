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

/** What was spent and saved, how the budgets stand, and whether anything may be spent. Returns what listens to the events. */
export function measureMoney(registry: Registry, source: MoneyMetricsSource): (event: Event) => void {
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
        for (const standing of source.treasury.standings()) {
          if (standing.counted === 'nano' && isConfigured(standing.account))
            sample(standing[part] / nanoPerDollar, standing.account)
        }
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
