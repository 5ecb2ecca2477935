import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measured, settled, someAsk } from '../../test/telemetry/asks.ts'
import type { BudgetStanding } from '../core/budget.ts'
import { Metrics } from './metrics.ts'
import type { MoneyMetricsSource } from './money-metrics.ts'

const standing = (account: string, over: Partial<BudgetStanding> = {}): BudgetStanding => ({
  account,
  counted: 'nano',
  limit: 5_000_000_000,
  spent: 1_250_000_000,
  held: 10_000_000,
  from: 0,
  until: 1,
  alertAt: [0.5, 1],
  ...over,
})

const budget = { per: 'day', nano: 5_000_000_000, alertAt: [0.5, 1] } as const

function shown(standings: readonly BudgetStanding[] = [], over: Partial<MoneyMetricsSource> = {}) {
  const metrics = new Metrics(measured)
  const listen = metrics.watchMoney({
    settings: {
      callers: [{ caller: { ...someAsk().caller, budgets: [budget] }, key: 'k', patienceMs: undefined }],
      upstreams: [],
      teams: new Map([['lab', { name: 'lab', budgets: [], models: undefined, cloud: 'allowed' }]]),
    },
    treasury: { isCloudOpen: true, standings: () => standings },
    ledger: { trouble: undefined },
    ...over,
  })
  const lines = (): readonly string[] =>
    metrics
      .render()
      .split('\n')
      .filter((line) => /^spillway_(cost|saved|budget|cloud|ledger)/.test(line))
  return { listen, lines }
}

test('each try is counted in dollars where it was paid for, and what was served at home by what it saved', () => {
  const { listen, lines } = shown()
  const ask = someAsk()
  for (const nano of [1, 2_000_000_000])
    listen({ type: 'money-spent', ask, upstream: 'haiku', model: 'claude-haiku-4-5', nano, estimated: false })
  listen(settled(ask, { savedNano: 500_000_000 }))
  listen(settled(ask))
  assert.ok(lines().includes('spillway_cost_usd_total{upstream="haiku"} 2.000000001'))
  assert.ok(lines().includes('spillway_saved_usd_total 0.5'))
})

test('budgets of the configuration are shown, and those of keys that were made are not', () => {
  const { lines } = shown([
    standing('gateway/day'),
    standing('caller:chat-ui/day'),
    standing('caller:chat-ui/day', { limit: 9_000_000_000 }),
    standing('team:lab/month'),
    standing('caller:made-today/day'),
    standing('caller:chat-ui/hour', { counted: 'tokens' }),
  ])
  assert.deepEqual(
    lines().filter((line) => line.includes('account=')),
    [
      ['limit', 5],
      ['spent', 1.25],
      ['held', 0.01],
    ].flatMap(([part, value]) =>
      ['gateway/day', 'caller:chat-ui/day', 'team:lab/month'].map(
        (account) => `spillway_budget_${part}_usd{account="${account}"} ${value}`,
      ),
    ),
  )
})

test('alerts are counted by their share, from nothing on', () => {
  const { listen, lines } = shown()
  assert.ok(lines().includes('spillway_budget_alerts_total{share="0.5"} 0'))
  listen({ type: 'budget-reached', standing: standing('gateway/day'), share: 0.5 })
  assert.ok(lines().includes('spillway_budget_alerts_total{share="0.5"} 1'))
})

test('a cloud that is closed and a ledger in trouble are told', () => {
  assert.ok(shown().lines().includes('spillway_cloud_open 1'))
  assert.ok(shown().lines().includes('spillway_ledger_trouble 0'))
  const treasury = { isCloudOpen: false, standings: () => [] }
  const { lines } = shown([], { treasury, ledger: { trouble: 'The disk is full.' } })
  assert.ok(lines().includes('spillway_cloud_open 0'))
  assert.ok(lines().includes('spillway_ledger_trouble 1'))
})
