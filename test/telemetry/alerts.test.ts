/** The alerts that come along: each of them is about metrics that there are, and each goes off at its trouble and at no other. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse as parseYaml } from 'yaml'
import { root } from '../../scripts/import-graph.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { measured } from './asks.ts'

const file = join(root, 'deploy/alerts.yaml')
const skip = { skip: spawnSync('promtool', ['--version']).error === undefined ? false : 'promtool is not installed' }

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
}

const rules = (parseYaml(readFileSync(file, 'utf8')) as { groups: readonly [{ rules: readonly Rule[] }] }).groups[0]
  .rules

/** By series: as promtool writes values, one each half minute. `0+6x80` is six more each time, eighty times. */
type Series = Readonly<Record<string, string>>

const place = 'upstream="gpu",model="m"'

/** As it is when nothing is wrong. */
const calm: Series = {
  'up{job="spillway"}': '1x80',
  'spillway_upstream_up{upstream="gpu"}': '1x80',
  'spillway_upstream_up{upstream="box"}': '1x80',
  'spillway_upstream_state{upstream="gpu",state="up"}': '1x80',
  'spillway_upstream_state{upstream="gpu",state="resting"}': '0x80',
  'spillway_upstream_state{upstream="gpu",state="trying"}': '0x80',
  [`spillway_upstream_model_state{${place},state="resting"}`]: '0x80',
  [`spillway_upstream_model_state{${place},state="trying"}`]: '0x80',
  [`spillway_upstream_model_state{${place},state="unloadable"}`]: '0x80',
  [`spillway_stalls_total{${place}}`]: '0x80',
  'spillway_requests_total{status="200"}': '0+100x80',
  'spillway_requests_total{status="503"}': '0+1x80',
  'spillway_rejected_total{reason="queue-full"}': '0+1x80',
  'spillway_upstream_failures_total{upstream="gpu",reason="upstream-broke"}': '0+1x80',
  'spillway_upstream_failures_total{upstream="gpu",reason="upstream-denied"}': '0x80',
  'spillway_resumes_total{outcome="carried-on"}': '0+1x80',
  'spillway_resumes_total{outcome="failed"}': '0x80',
  spillway_pressure_step: '0x80',
  'spillway_connections_cut_total{reason="stalled"}': '0+1x80',
  'spillway_connections_cut_total{reason="too_many"}': '0x80',
  'spillway_disk_used_ratio{volume="models"}': '0.7x80',
  spillway_log_lines_dropped_total: '0x80',
  spillway_config_reload_success: '1x80',
  spillway_ledger_trouble: '0x80',
  spillway_journal_dropped_total: '0x80',
  'spillway_budget_limit_usd{account="gateway/day"}': '20x80',
  'spillway_budget_spent_usd{account="gateway/day"}': '10x80',
  'spillway_budget_limit_usd{account="caller:closed/day"}': '0x80',
  'spillway_budget_spent_usd{account="caller:closed/day"}': '0x80',
  'spillway_fallback_total{reason="spill"}': '0+1x80',
}

/** What is otherwise when it goes wrong, from the tenth minute on, and which alerts go off beside the one it is about. */
const troubles: Readonly<Record<string, { readonly of: Series; readonly beside?: readonly string[] }>> = {
  SpillwayGone: { of: { 'up{job="spillway"}': '1x20 0x60' } },
  SpillwayNoUpstream: {
    of: {
      'spillway_upstream_up{upstream="gpu"}': '1x20 0x60',
      'spillway_upstream_up{upstream="box"}': '1x20 0x60',
    },
    beside: ['SpillwayUpstreamDown'],
  },
  SpillwayFailing: { of: { 'spillway_requests_total{status="503"}': '0+1x20 20+10x60' } },
  SpillwayShedding: { of: { spillway_pressure_step: '0x20 3x60' }, beside: ['SpillwayUnderPressure'] },
  SpillwayUpstreamDown: { of: { 'spillway_upstream_up{upstream="gpu"}': '1x20 0x60' } },
  // It is tried now and then, and found as it was.
  SpillwayUpstreamResting: {
    of: {
      'spillway_upstream_state{upstream="gpu",state="resting"}': `0x20 ${'1 0 '.repeat(30)}`,
      'spillway_upstream_state{upstream="gpu",state="trying"}': `0x20 ${'0 1 '.repeat(30)}`,
      'spillway_upstream_state{upstream="gpu",state="up"}': '1x20 0x60',
    },
  },
  SpillwayUpstreamUnsteady: { of: { 'spillway_upstream_up{upstream="gpu"}': `1x20 ${'0 1 1 '.repeat(20)}` } },
  SpillwayUpstreamDenied: {
    of: { 'spillway_upstream_failures_total{upstream="gpu",reason="upstream-denied"}': '0x30 1x50' },
  },
  SpillwayModelFails: { of: { [`spillway_upstream_model_state{${place},state="unloadable"}`]: '0x20 1x60' } },
  SpillwayModelStalls: { of: { [`spillway_stalls_total{${place}}`]: '0x20 1x5 3x55' } },
  SpillwayTurnsAway: { of: { 'spillway_rejected_total{reason="queue-full"}': '0+1x20 20+20x60' } },
  SpillwayStreamsLost: { of: { 'spillway_resumes_total{outcome="failed"}': '0x20 0+1x60' } },
  SpillwayUnderPressure: { of: { spillway_pressure_step: '0x20 1x60' } },
  SpillwayConnectionsCut: { of: { 'spillway_connections_cut_total{reason="too_many"}': '0x30 9x50' } },
  SpillwayDiskFilling: { of: { 'spillway_disk_used_ratio{volume="models"}': '0.7x20 0.9x60' } },
  SpillwayLogLost: { of: { spillway_log_lines_dropped_total: '0x30 5x50' } },
  SpillwayLedgerTrouble: { of: { spillway_ledger_trouble: '0x20 1x60' } },
  SpillwayRecordsLost: { of: { spillway_journal_dropped_total: '0x30 5x50' } },
  SpillwayBudgetLow: { of: { 'spillway_budget_spent_usd{account="gateway/day"}': '10x20 17x60' } },
  SpillwayBudgetSpent: { of: { 'spillway_budget_spent_usd{account="gateway/day"}': '10x20 20x60' } },
  SpillwayTooSmall: { of: { 'spillway_fallback_total{reason="spill"}': '0+1x20 20+60x60' } },
  SpillwayConfigRefused: { of: { spillway_config_reload_success: '1x20 0x60' } },
}

const promtool = (words: readonly string[]): { status: number | null; text: string } => {
  const { status, stdout, stderr } = spawnSync('promtool', words, { encoding: 'utf8' })
  return { status, text: stdout + stderr }
}

test('each rule is about metrics that the gateway has, and says how urgent it is', () => {
  const metrics = new Metrics(measured)
  metrics.watchDisk({ volumes: [] })
  const shares = { memory: 0, heap: 0, loop: 0, files: 0 }
  const crowd = { connections: 0, connectionsMax: 1, slowReaders: 0, unreadBytes: 0 }
  metrics.watchBounds({ pressure: { shares, step: 0 }, crowd, linesDropped: () => 0 })
  const treasury = { isCloudOpen: true, standings: () => [] }
  metrics.watchMoney({ settings: { callers: [], upstreams: [] }, treasury, ledger: { trouble: undefined } })
  const there = new Set(Array.from(metrics.render().matchAll(/^# TYPE (\w+) /gm), ([, name]) => name))
  for (const { alert, expr, labels } of rules) {
    for (const [name] of expr.matchAll(/\bspillway_\w+/g)) assert.ok(there.has(name), `${alert}: ${name}`)
    assert.match(labels.severity, /^(page|ticket)$/, alert)
  }
  assert.deepEqual(new Set(rules.map(({ alert }) => alert)), new Set(Object.keys(troubles)))
})

test('promtool finds nothing wrong with the rules', skip, () => {
  const { status, text } = promtool(['check', 'rules', file])
  assert.equal(status, 0, text)
})

test('each alert goes off at its trouble and at no other, and none when all is well', skip, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-alerts-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const told = 'count by (alertname) (ALERTS{alertstate="firing"})'
  const caseOf = (name: string, over: Series, alerts: readonly string[]): object => ({
    name,
    interval: '30s',
    input_series: Object.entries({ ...calm, ...over }).map(([series, values]) => ({ series: onOne(series), values })),
    promql_expr_test: [
      {
        expr: `${told} > bool 0`,
        eval_time: '30m',
        exp_samples: alerts.map((alert) => ({ labels: `{alertname="${alert}"}`, value: 1 })),
      },
    ],
  })
  const tests = [
    caseOf('all is well', {}, []),
    ...Object.entries(troubles).map(([alert, { of, beside = [] }]) => caseOf(alert, of, [alert, ...beside])),
  ]
  const tested = join(folder, 'alerts.test.yaml')
  // JSON is YAML.
  writeFileSync(tested, JSON.stringify({ rule_files: [file], evaluation_interval: '30s', tests }))
  const { status, text } = promtool(['test', 'rules', tested])
  assert.equal(status, 0, text)
})

/** The same series as it comes from one gateway. */
const onOne = (series: string): string =>
  series.endsWith('}') ? series.replace('}', ',instance="one"}') : `${series}{instance="one"}`
