/** The page about budgets, done as it says. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { root } from '../../scripts/import-graph.ts'
import { budgetLetter } from '../../src/accounts/letters.ts'
import { priceListDay } from '../../src/accounts/prices.ts'
import { reportTable } from '../../src/cli/report-table.ts'
import { folderWith, spillway } from '../../src/cli/process.test-helper.ts'
import { jsonSchema } from '../../src/config/json-schema.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { BudgetStanding } from '../../src/core/budget.ts'
import type { ReportRow } from '../../src/core/ledger.ts'
import { nanoPerDollar } from '../../src/core/money.ts'
import { listen } from '../../src/sim/sockets.ts'
import { model, open } from '../e2e/rig.ts'
import { Witness } from '../e2e/witness.ts'
import { ofLanguage } from './pages.ts'

const run = promisify(execFile)
const page = readFileSync(join(root, 'docs/guide/budgets.md'), 'utf8')
const blocks = (language: string): readonly string[] =>
  ofLanguage(language)
    .filter(({ file }) => file === 'docs/guide/budgets.md')
    .map(({ text }) => text)
const [team] = blocks('yaml')
const { config } = loadConfig(team!, { file: 'budgets.md', env: {} })

interface Report {
  readonly rows: readonly {
    readonly caller: string
    readonly requests: number
    readonly usd: number
    readonly saved_usd: number
  }[]
}

for (const { served, costs } of [
  { served: 'at home', costs: false },
  { served: 'in the cloud', costs: true },
]) {
  test(`five minutes with the page end with a report of a request that was served ${served}`, async (t) => {
    const servers = [
      new Witness('ollama'),
      new Witness('anthropic', { models: [{ name: 'claude-haiku-4-5', contextTokens: 200_000 }] }),
    ]
    const sockets = await Promise.all(servers.map((server) => listen(server)))
    t.after(() => Promise.all(sockets.map((socket) => socket.close())))
    const upstreams = config.upstreams.map((upstream, i) => ({ ...upstream, url: sockets[i]!.origin }))
    const { listen: _, admin: __, ...rest } = config
    const { url, adminUrl } = await open(t, { ...rest, upstreams: costs ? upstreams.slice(1) : upstreams })
    const home = folderWith(t, { '.curlrc': 'fail-with-body\nsilent\nshow-error\n' })
    const [asked, told] = Array.from(page.matchAll(/^curl (?:.*\\\n)*.*$/gm), ([line]) =>
      line.replaceAll('http://127.0.0.1:11400', url).replaceAll('http://127.0.0.1:11401', adminUrl),
    )
    const shell = async (line: string): Promise<unknown> =>
      JSON.parse((await run('sh', ['-c', line], { env: { ...process.env, CURL_HOME: home } })).stdout)
    assert.equal(((await shell(asked!)) as { object: string }).object, 'chat.completion')
    const [row, ...others] = ((await shell(told!)) as Report).rows
    assert.deepEqual(others, [])
    assert.deepEqual([row!.caller, row!.requests], ['ann', 1])
    assert.equal(row!.usd > 0, costs)
    assert.equal(row!.saved_usd > 0, !costs)
  })
}

test('prices shows what the page shows', async (t) => {
  const cwd = folderWith(t, {})
  writeFileSync(join(cwd, 'spillway.yaml'), team!)
  const { code, out } = await spillway(t, ['prices'], { cwd }).ended
  assert.equal(code, 0)
  assert.equal(out, blocks('text')[0])
  assert.ok(out.includes(priceListDay()))
})

test('a report looks as the page shows it', () => {
  const row = (caller: string, of: number[]): ReportRow => {
    const [requests = 0, failed = 0, inputTokens = 0, outputTokens = 0, gpuS = 0, usd = 0, saved = 0, spilled = 0] = of
    return {
      of: { caller },
      requests,
      failed,
      inputTokens,
      outputTokens,
      gpuMs: gpuS * 1_000,
      nano: Math.round(usd * nanoPerDollar),
      savedNano: Math.round(saved * nanoPerDollar),
      spilled,
      cachedTokens: 0,
      estimated: 0,
    }
  }
  const rows = [
    row('ann', [4_820, 12, 9_640_000, 1_210_000, 5_120, 1.31, 13.9, 197]),
    row('bob', [1_377, 0, 2_750_000, 344_000, 1_490, 0.22, 4.1, 26]),
  ]
  assert.deepEqual(reportTable(rows, ['caller']), blocks('text')[1]!.trimEnd().split('\n'))
})

test('an alert has what the page shows of it', () => {
  const [shown] = blocks('json')
  const { id, ...told } = JSON.parse(shown!) as Record<string, string>
  const standing: BudgetStanding = {
    account: 'gateway/day',
    counted: 'nano',
    limit: 10_000_000_000,
    spent: 8_010_000_000,
    held: 0,
    from: Date.parse('2026-11-21T00:00:00Z'),
    until: Date.parse('2026-11-22T00:00:00Z'),
    alertAt: [0.8, 1],
  }
  const letter = budgetLetter(standing, 0.8, Date.parse(told['at']!))
  const { id: itsId, ...body } = JSON.parse(letter.body) as Record<string, string>
  assert.deepEqual(body, told)
  assert.equal(id!.replaceAll(/\w/g, 'x'), itsId!.replaceAll(/\w/g, 'x'))
})

test('every metric that the page names is one', async (t) => {
  const { listen: _, admin: __, ...rest } = config
  const upstreams = config.upstreams.map((upstream) => ({ ...upstream, url: 'http://127.0.0.1:1' }))
  const { adminUrl } = await open(t, { ...rest, upstreams })
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text()
  const named = Array.from(page.matchAll(/`(spillway_\w+)`/g), ([, name]) => name!)
  assert.ok(named.length >= 7)
  for (const name of named) assert.match(metrics, new RegExp(`^# TYPE ${name} `, 'm'))
})

test('the page tells of every key about money, and of no other', () => {
  const { properties } = JSON.parse(jsonSchema()) as { properties: Record<string, { properties?: object }> }
  const keys = ['cloud', 'alerts', 'ledger'].flatMap((group) =>
    Object.keys(properties[group]!.properties!).map((key) => `${group}.${key}`),
  )
  const told = Array.from(page.matchAll(/^\| (`.*?`) \|/gm), ([, cell]) => cell!.match(/[^`, ]+/g)!)
    .flat()
    .filter((word) => !word.startsWith('spillway_'))
  for (const key of [
    ...keys,
    'budget',
    'prices.MODEL',
    'time_zone',
    'data_dir',
    'callers[].budget',
    'teams.NAME.budget',
  ])
    assert.ok(told.includes(key), key)
  for (const key of told) {
    const top = /^[a-z_]+/.exec(key)?.[0]
    assert.ok(top === undefined || top in properties, key)
  }
  assert.equal(model, Object.keys(config.upstreams[1]!.models!.serve!)[0])
})
