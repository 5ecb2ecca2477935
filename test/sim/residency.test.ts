import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event } from '../../src/core/event.ts'
import type { Settings } from '../../src/core/settings.ts'
import { chanceOf } from '../../src/sim/chance.ts'
import { type Machine, machine } from '../../src/sim/fleet.ts'
import { simulate } from '../../src/sim/run.ts'
import type { SimServer } from '../../src/sim/server.ts'
import { cloudLike, llamacppLike, lmStudioLike, ollamaLike } from '../../src/sim/server-spec.ts'
import { errandsOf, poisson, usualWorkload, type Workload } from '../../src/sim/workload.ts'

/** What is promised of servers that hold fewer models than they are asked for. */

const serviceMs = 300
const wordMs = 30

const models = ['hot', 'cold', 'colder'].map((name) => ({ name, contextTokens: 8_192 }))

const mix: Workload['models'] = [
  { share: 95.5, of: 'hot' },
  { share: 3, of: 'cold' },
  { share: 1.5, of: 'colder' },
]

const rare: Workload['models'] = [
  { share: 95, of: 'hot' },
  { share: 5, of: 'cold' },
]

const evenly: Workload['models'] = [
  { share: 1, of: 'hot' },
  { share: 1, of: 'cold' },
]

/** One answer at a time, each of the same length, and a server that would throw out a model in the middle of an answer. */
const serial = (
  loadMs: number,
  more: Partial<SimServer['spec']['engine']> = {},
): Partial<SimServer['spec']['engine']> => ({
  loadMs,
  slots: 1,
  prefillTokensPerSecond: 1e6,
  stepMs: [
    [0, wordMs],
    [1, wordMs],
  ],
  memoryTokens: 1e6,
  keepMs: Infinity,
  evicts: 'any',
  ...more,
})

const box = (name: string, loadMs: number, more: Partial<Machine> = {}): Machine =>
  machine(ollamaLike({ name, models, engine: serial(loadMs) }), { concurrency: 1, ...more })

const cloud = machine(cloudLike(), { serve: Object.fromEntries(models.map(({ name }) => [name, 'gpt-5-mini'])) })

const workload = (perSecond: number, of: Workload['models'], patienceMs: number): Workload => ({
  ...usualWorkload,
  arrivals: poisson(perSecond),
  callers: [{ share: 1, of: { name: 'anyone', weight: 1, priority: 'default', cloud: 'allowed', patienceMs } }],
  models: of,
  hangUps: 0,
  tools: 0,
  json: 0,
  limited: 0,
  streamed: 1,
  promptTokens: { mean: 100, sigma: 0, most: 100 },
  outputTokens: { mean: serviceMs / wordMs + 1, sigma: 0, most: 100 },
})

interface Seen {
  readonly report: Awaited<ReturnType<typeof simulate>>
  readonly servers: readonly SimServer[]
  readonly events: readonly Event[]
  readonly loads: number
}

async function play(
  seed: number,
  requests: number,
  fleet: readonly Machine[],
  load: Workload,
  settings: Partial<Settings> = {},
): Promise<Seen> {
  let servers: readonly SimServer[] = []
  const events: Event[] = []
  const report = await simulate({
    seed,
    grain: 'coarse',
    requests,
    fleet,
    workload: load,
    settings,
    script: ({ servers: all, gateway }) => {
      servers = all
      gateway.subscribe((event) => events.push(event))
      return Promise.resolve()
    },
  })
  return { report, servers, events, loads: servers.reduce((sum, { ledger }) => sum + ledger.loads, 0) }
}

const seeds = [1, 2]

/** First tokens, where servers take turns and load whatever comes next. */
function roundRobin(seed: number, requests: number, load: Workload, loadMs: number): number[] {
  const servers = [0, 1].map(() => ({ freeAt: 0, model: '' }))
  return Array.from(
    errandsOf(load, requests, (purpose) => chanceOf(seed, purpose)),
    ({ atMs, model, number }) => {
      const server = servers[number % 2]!
      const begins = Math.max(atMs, server.freeAt) + (server.model === model ? 0 : loadMs)
      server.model = model
      server.freeAt = begins + serviceMs
      return begins - atMs
    },
  )
}

const p95 = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.95)]!

test('two servers for three models: the popular one stays where it is, and the others share the second server', async () => {
  const requests = 1_500
  const load = workload(2, mix, 60_000)
  let loads = 0
  for (const seed of seeds) {
    const seen = await play(seed, requests, [box('one', 2_500), box('two', 2_500)], load)
    assert.equal(seen.report.whole, requests)
    loads += seen.loads
    const { p95: ours } = seen.report.all.firstTokenMs
    const theirs = p95(roundRobin(seed, requests, load, 2_500))
    assert.ok(theirs > 3.5 * ours, `${theirs} against ${ours} ms with seed ${seed}`)
  }
  const perRequestMs = (loads * 2_500) / (requests * seeds.length)
  assert.ok(perRequestMs <= 50, `${perRequestMs} ms of loading per request`)
})

test('with a cloud behind them and little patience, rare models leave and hardly anything is loaded', async () => {
  // The first loads are for good, and weigh less the longer it goes on.
  const requests = 2_500
  let loads = 0
  let out = 0
  for (const seed of seeds) {
    const seen = await play(seed, requests, [box('one', 2_500), box('two', 2_500), cloud], workload(2, mix, 2_000))
    assert.equal(seen.report.whole, requests)
    loads += seen.loads
    out += seen.report.spilled.requests
    assert.ok(seen.report.spilled.requests <= 0.05, `${seen.report.spilled.requests} with seed ${seed}`)
  }
  const perRequestMs = (loads * 2_500) / (requests * seeds.length)
  assert.ok(perRequestMs <= 5, `${perRequestMs} ms of loading per request`)
  assert.ok(out > 0, 'the rare ones did leave')
})

test('two models that are wanted alike take turns on one server, and nobody waits for ever', async () => {
  const loadMs = 8_000
  for (const perSecond of [0.16, 0.3, 1, 2]) {
    const requests = 300
    const seen = await play(1, requests, [box('one', loadMs)], workload(perSecond, evenly, 120_000))
    assert.equal(seen.report.whole, requests)
    assert.ok(seen.loads <= 0.27 * requests, `${seen.loads} loads at ${perSecond} a second`)
    // Its own turn comes after the other's, and each is a load, a dwell, and what had gathered by then.
    assert.ok(seen.report.all.waitMs.p99 < 5 * loadMs, `${seen.report.all.waitMs.p99} ms at ${perSecond} a second`)
  }
})

test('who wants a rare model on the only server, and can wait, waits and has it in time', async () => {
  const seen = await play(1, 600, [box('one', 2_500)], workload(1, mix, 15_000))
  assert.equal(seen.report.whole, 600)
  assert.ok(seen.report.all.firstTokenMs.p99 <= 15_000, `${seen.report.all.firstTokenMs.p99}`)
})

test('a model that is to stay is loaded before anybody asks, stays, and comes back after a restart', async () => {
  for (const like of [ollamaLike, lmStudioLike, llamacppLike]) {
    const server = like({ name: 'one', models, bootMs: 1_000, engine: serial(1_000, { loadedMax: 2 }) })
    let resident: readonly string[] = []
    let back: readonly string[] = []
    const { whole, refused } = await simulate({
      seed: 1,
      requests: 100,
      fleet: [machine(server, { concurrency: 1, preload: ['colder'] })],
      workload: workload(0.5, [{ share: 1, of: 'colder' }], 60_000),
      script: async ({ world, servers: [one], gateway }) => {
        const loaded = (): readonly string[] =>
          gateway.fleet.models().flatMap(({ name, loaded: isIn }) => (isIn === true ? [name] : []))
        await world.sleep(1_500)
        resident = loaded()
        one!.crash()
        await world.sleep(1_000)
        one!.restart()
        await world.sleep(20_000)
        back = loaded()
      },
    })
    assert.ok(whole + refused > 90)
    assert.deepEqual(resident, ['colder'], server.kind)
    assert.deepEqual(back, ['colder'], server.kind)
  }
})

test('what does not surely fit beside a model that is to stay goes elsewhere, or is refused with a reason', async () => {
  const pinned = box('one', 1_000, { preload: ['hot'] })
  const only = await play(1, 200, [pinned], workload(1, mix, 5_000))
  const { loads, evictions, kills } = only.servers[0]!.ledger
  assert.deepEqual([loads, evictions, kills], [1, 0, 0])
  assert.deepEqual(Object.keys(only.report.faults), ['no-upstream'])
  const two = await play(1, 200, [pinned, box('two', 1_000)], workload(1, mix, 20_000))
  assert.equal(two.report.whole, 200)
  assert.equal(two.servers[0]!.ledger.evictions, 0)
})

test('while memory is short a configured model stands in, says so, and goes by its own name', async () => {
  const standIns = new Map([['cold', ['hot']]])
  const seen = await play(1, 400, [box('one', 20_000)], workload(1, rare, 5_000), { standIns })
  const stood = seen.events.flatMap((event) =>
    event.type === 'ask-settled' && event.outcome.model !== undefined ? [event] : [],
  )
  assert.ok(stood.length > 3)
  for (const { ask, outcome, decision } of stood) {
    assert.deepEqual([ask.model, outcome.model], ['cold', 'hot'])
    assert.match(decision!, /; hot stands in for cold$/)
  }
  // Until the first load was over there was nobody to stand in.
  const refused = seen.events.filter(
    (event) => event.type === 'ask-settled' && event.ask.arrivedAt > 25_000 && event.outcome.fault !== undefined,
  )
  assert.equal(refused.length, 0)
})

test('nobody is given a stand-in that he may not use', async () => {
  const standIns = new Map([['cold', ['hot']]])
  const onlyCold = new Set(['cold'])
  const load = workload(1, rare, 5_000)
  const { of } = load.callers[0]!
  const seen = await play(
    1,
    300,
    [box('one', 20_000)],
    {
      ...load,
      callers: [
        { share: 9, of },
        { share: 1, of: { ...of, name: 'strict', models: onlyCold } },
      ],
    },
    {
      standIns,
      callers: [
        {
          caller: { id: 'anyone', weight: 1, priority: 'default', cloud: 'allowed', models: undefined },
          key: 'a',
          patienceMs: 5_000,
        },
        {
          caller: { id: 'strict', weight: 1, priority: 'default', cloud: 'allowed', models: onlyCold },
          key: 's',
          patienceMs: 5_000,
        },
      ],
    },
  )
  let strict = 0
  let others = 0
  for (const event of seen.events) {
    if (event.type !== 'ask-settled' || event.outcome.model === undefined) continue
    if (event.ask.caller.id === 'strict') strict += 1
    else others += 1
  }
  assert.deepEqual([strict, others > 0], [0, true])
})
