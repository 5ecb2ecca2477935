import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { nanoPerDollar } from '../core/money.ts'
import type { Settings } from '../core/settings.ts'
import { readRecording, type Recording } from '../recording/read.ts'
import { machine } from '../sim/fleet.ts'
import { cloudLike, ollamaLike } from '../sim/server-spec.ts'
import { poisson, usualModel, usualWorkload } from '../sim/workload.ts'
import { settingsAsRecorded, usualSettings } from './as-recorded.ts'
import { compare, type Comparison } from './compare.ts'
import { Crew } from './crew.ts'
import { handHere } from './hand.ts'
import { changed, more, type Plan, PlanFault, without } from './plan.ts'
import { recorded, recordedAt } from './recording.test-helper.ts'
import { play } from './play.ts'
import { assumedFor } from './remarks.ts'
import { stockOf } from './stock.ts'
import { recordedTraffic } from './traffic.ts'

const models = [{ name: usualModel, contextTokens: 32_768 }]
/** Slower than is usual, so that nobody can guess it. */
const slow = { engine: { memoryTokens: 131_072, prefillTokensPerSecond: 2_500, slots: 3 } }
const fleet = [
  machine(ollamaLike({ name: 'gpu-1', models, ...slow })),
  machine(cloudLike({ name: 'cloud' }), { serve: { [usualModel]: 'gpt-5-mini' } }),
]

let recording: Recording

async function recordingOf(requests: number): Promise<Recording> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-plans-'))
  const workload = { ...usualWorkload, arrivals: poisson(2.1), tools: 0, json: 0 }
  const { money } = usualSettings()
  writeFileSync(join(folder, 'one.jsonl'), await recorded({ seed: 5, requests, fleet, workload, settings: { money } }))
  try {
    return readRecording(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

before(async () => {
  recording = await recordingOf(600)
})

const plan = (of = recording): Plan => ({
  name: 'as it was',
  changes: [],
  settings: settingsAsRecorded(of.settings.at(-1)!),
  likeness: new Map(),
})

async function compared(tried?: Plan, machineUsd?: number, of = recording): Promise<Comparison> {
  return compare({
    recording: of,
    traffic: recordedTraffic(of, 1),
    stock: { ...stockOf(of), machines: new Map([['gpu-1', slow]]), source: 'is known' },
    seed: 1,
    outages: true,
    asItWas: plan(of),
    tried,
    isAdvised: machineUsd !== undefined,
    machineUsd,
    onPlay() {},
    crew: new Crew([handHere({ type: 'recorded', recording: of, seed: 1 })]),
  })
}

test('played again as it was, a recording comes out as it was recorded', async () => {
  const { columns, differences, beganAt } = await compared(undefined, undefined, await recordingOf(1_200))
  // Of twelve hundred the slowest twelve: who of them it is, is a matter of chance. Of half as many even the middle one is.
  assert.deepEqual(
    differences!.filter(({ what }) => what !== 'first token p99'),
    [],
  )
  assert.ok(beganAt! - recordedAt < 5_000)
  const [was, again] = columns.map(({ all }) => all)
  assert.equal(was!.requests, 1_200)
  assert.equal(again!.requests, 1_200)
  assert.ok(was!.spilled.requests > 0.05, 'there is something to be spilled')
  assert.ok(Math.abs(was!.spilled.requests - again!.spilled.requests) < 0.05)
  assert.ok(Math.abs(was!.usd - again!.usd) < 0.3 * was!.usd)
  assert.deepEqual(Object.keys(columns[1]!.callers), Object.keys(columns[0]!.callers))
})

test('one more server cuts what is spilled, and advice says what it saves and when it has paid for itself', async () => {
  const { columns, advice, caution } = await compared(undefined, 100)
  const [one] = advice
  assert.equal(one!.change, '1 more gpu-1')
  assert.ok(one!.after.spilled < one!.before.spilled / 2)
  assert.equal(one!.before.spilled, columns.at(-1)!.all.spilled.requests)
  assert.match(
    one!.text,
    /^A second gpu-1 would cut spill from [\d.]+ % to [\d.]+ %.* pays for itself in [\d,]+ days at \$100\.$/,
  )
  assert.ok(Math.abs(one!.paybackDays! - 100 / one!.usdSavedPerDay) < 1e-9)
  assert.match(caution!, /from 5 minutes/)
  const { columns: tried, verdict } = await compared(changed(plan(), [more('gpu-1', 1)]))
  assert.deepEqual(
    tried.map(({ name }) => name),
    ['as recorded', 'simulated as it was', 'simulated with 1 more gpu-1'],
  )
  assert.equal(tried[2]!.all.spilled.requests, one!.after.spilled)
  assert.match(verdict!, /^With 1 more gpu-1, spill is [\d.]+ % instead of [\d.]+ %.*; a day costs \$[\d.]+ less\.$/)
})

test('nobody waits beside free room in a plan, whichever of its servers another finds slow', async () => {
  const stock = { ...stockOf(recording), machines: new Map([['gpu-1', slow]]), source: 'is known' }
  for (let seed = 1; seed <= 2; seed += 1) {
    const parts = { traffic: recordedTraffic(recording, seed), stock, seed, outages: true, isHeld: true }
    const passages = await play(changed(plan(), [more('gpu-1', 1)]), parts)
    assert.equal(passages.length, 600)
  }
})

test('without the cloud nothing is spilled, and more is refused', async () => {
  const { columns } = await compared(changed(plan(), [without('cloud')]))
  const [, was, tried] = columns.map(({ all }) => all)
  assert.equal(tried!.spilled.requests, 0)
  assert.equal(tried!.usd, 0)
  assert.ok(tried!.refused > was!.refused)
})

test('a budget that is tried refuses what it cannot pay, and twice as much would answer more', async () => {
  const asItWas = plan()
  const { all } = (await compared()).columns[1]!
  const settings: Settings = {
    ...asItWas.settings,
    upstreams: asItWas.settings.upstreams.filter(({ name }) => name === 'cloud'),
    money: {
      ...asItWas.settings.money!,
      budgets: [{ per: 'day', nano: Math.round(all.usd * nanoPerDollar), alertAt: [] }],
    },
  }
  const { columns, advice } = await compared({ ...asItWas, changes: ['small.yaml'], settings }, 1)
  const tried = columns[2]!.all
  assert.ok(tried.refusals['over-budget']! > 60)
  assert.ok(tried.usd <= all.usd)
  const [twice] = advice
  assert.match(
    twice!.text,
    /^Twice the budgets would answer \d+ of the \d+ requests that were refused for money, for \$[\d.]+ more a day\.$/,
  )
})

test('a model that nobody would have any more is said, and is refused', async () => {
  const asItWas = plan()
  const upstreams = asItWas.settings.upstreams.map((one) => ({ ...one, serve: new Map([['other:70b', 'other:70b']]) }))
  const { columns, remarks } = await compared({
    ...asItWas,
    changes: ['x.yaml'],
    settings: { ...asItWas.settings, upstreams },
  })
  assert.deepEqual(columns[2]!.all.refusals, { 'no-such-model': columns[2]!.all.refused })
  assert.ok(columns[2]!.all.refused > 550)
  assert.ok(remarks.includes(`Nobody has ${usualModel} with x.yaml: 600 requests (100.0 %) are refused.`))
})

test('a server that was lost is lost again when it was, unless it is not to be', async () => {
  const from = recording.requests[0]!.at
  const [downAt, upAt] = [from + 60_000, from + 120_000]
  const lost = [
    { type: 'upstream' as const, at: downAt, upstream: 'gpu-1', up: false },
    { type: 'upstream' as const, at: upAt, upstream: 'gpu-1', up: true },
  ]
  const parts = {
    traffic: recordedTraffic({ ...recording, upstreams: lost }, 1),
    stock: { ...stockOf(recording), machines: new Map([['gpu-1', slow]]), source: 'is known' },
    seed: 1,
  }
  const servedMeanwhile = async (outages: boolean): Promise<number> => {
    const passages = await play(plan(), { ...parts, outages })
    return passages.filter(({ at, upstream, fault }) => {
      return fault === undefined && upstream === 'gpu-1' && at > downAt && at < upAt - 30_000
    }).length
  }
  assert.equal(await servedMeanwhile(true), 0)
  assert.ok((await servedMeanwhile(false)) > 10)
})

test('of a handful of answers nobody tells whether simulating them is like what happened', async () => {
  const { differences, columns } = await compared(undefined, undefined, await recordingOf(20))
  assert.equal(columns[0]!.all.requests, 20)
  assert.equal(differences, undefined)
})

test('what nobody measured is said to be assumed', () => {
  const stock = { ...stockOf(recording), machines: new Map([['gpu-1', slow]]), source: 'is known' }
  assert.deepEqual(assumedFor(changed(plan(), [more('gpu-1', 2)]), stock), [
    'gpu-1: as fast as is known',
    'gpu-1-2 is just like gpu-1',
    'gpu-1-3 is just like gpu-1',
    'cloud (openai): never measured, as fast as is usual for such servers',
  ])
})

test('a server that there is not is no plan', () => {
  assert.throws(
    () => changed(plan(), [more('gpu-9', 1)]),
    new PlanFault('There is no server called "gpu-9": there are gpu-1, cloud.'),
  )
  assert.throws(() => changed(plan(), [without('gpu-1'), without('cloud')]), /no server would be left/)
})
