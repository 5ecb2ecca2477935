import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event } from '../../src/core/event.ts'
import { machine, type Machine } from '../../src/sim/fleet.ts'
import { simulate } from '../../src/sim/run.ts'
import type { Report } from '../../src/sim/report.ts'
import { ollamaLike, type ServerOptions, vllmLike } from '../../src/sim/server-spec.ts'
import type { Stage } from '../../src/sim/simulation.ts'
import { poisson, usualModel, usualWorkload, type Workload } from '../../src/sim/workload.ts'

/** What is promised when a model stops in the middle of its answers and its server says that all is well. */

const models = [usualModel, 'other:8b'].map((name) => ({ name, contextTokens: 32_768 }))

/** Both models fit, and answers take a second or so. */
const box = (name: string, more: ServerOptions = {}): Machine =>
  machine(ollamaLike({ name, models, ...more, engine: { loadedMax: 2, ...more.engine } }), { concurrency: 4 })

const workload = (perSecond: number, more: Partial<Workload> = {}): Workload => ({
  ...usualWorkload,
  arrivals: poisson(perSecond),
  callers: [
    { share: 1, of: { name: 'anyone', weight: 1, priority: 'default', cloud: 'allowed', patienceMs: 120_000 } },
  ],
  models: [
    { share: 3, of: usualModel },
    { share: 1, of: 'other:8b' },
  ],
  hangUps: 0,
  ...more,
})

type Stalled = Extract<Event, { type: 'upstream-stalled' }> & { readonly at: number }

interface Seen {
  readonly report: Report
  readonly stalled: readonly Stalled[]
  /** Attempts that failed after the first byte. */
  readonly midStream: number
}

async function play(
  requests: number,
  fleet: readonly Machine[],
  load: Workload,
  script?: (stage: Stage) => Promise<void>,
): Promise<Seen> {
  const stalled: Stalled[] = []
  let midStream = 0
  const report = await simulate({
    seed: 1,
    requests,
    fleet,
    workload: load,
    settings: { timeouts: { connectMs: 1_000, firstTokenMs: 900_000, gapMs: 900_000 } },
    script: async (stage) => {
      stage.gateway.subscribe((event) => {
        if (event.type === 'upstream-stalled') stalled.push({ ...event, at: stage.world.now() })
        if (event.type === 'attempt-failed' && event.midStream) midStream += 1
      })
      await script?.(stage)
    },
  })
  return { report, stalled, midStream }
}

test('a frozen runner of Ollama is found in less than half a minute, and everybody who waits is served by the next one', async () => {
  let frozenAt = 0
  const { report, stalled, midStream } = await play(200, [box('one')], workload(2), async ({ world, servers }) => {
    await world.sleep(40_000)
    frozenAt = world.now()
    servers[0]!.freeze(usualModel)
  })
  assert.deepEqual(
    stalled.map(({ upstream, model }) => [upstream, model]),
    [['one', usualModel]],
  )
  const [{ at }] = stalled as [Stalled]
  assert.ok(at - frozenAt < 30_000, `after ${at - frozenAt} ms`)
  assert.equal(report.broken, midStream, 'who had heard the beginning of an answer is told that it broke')
  assert.ok(midStream <= 4)
  assert.equal(report.whole, 200 - midStream)
})

test('of two servers the other one takes what the hung one had, and its other model is not disturbed', async () => {
  const { report, stalled, midStream } = await play(
    400,
    [box('one'), box('two')],
    workload(4),
    async ({ world, servers, gateway }) => {
      await world.sleep(40_000)
      servers[0]!.freeze(usualModel)
      await world.sleep(31_000)
      const [one] = gateway.fleet.upstreams
      assert.equal(one!.up, true)
      assert.equal(one!.place('other:8b').state(world.now()), 'well')
    },
  )
  assert.equal(stalled.length, 1)
  assert.equal(report.whole, 400 - midStream)
  assert.ok(midStream <= 4)
})

test('with nothing learned it is found within two minutes, where the server tells nothing at all', async () => {
  let frozenAt = 0
  const fleet = [
    machine(vllmLike({ name: 'mute', models, metrics: false }), { concurrency: 4 }),
    machine(vllmLike({ name: 'well', models, metrics: false }), { concurrency: 4 }),
  ]
  const load = workload(2, { streamed: 1, promptTokens: { mean: 300, sigma: 0.5, most: 1_500 } })
  const { report, stalled } = await play(60, fleet, load, ({ world, servers }) => {
    frozenAt = world.now()
    servers[0]!.freeze()
    return Promise.resolve()
  })
  // Later ones are of those who try whether it is well again.
  for (const { name } of models) {
    const { at, upstream } = stalled.find(({ model }) => model === name)!
    assert.equal(upstream, 'mute')
    assert.ok(at - frozenAt <= 125_000, `after ${at - frozenAt} ms`)
  }
  assert.equal(report.whole, 60)
})

for (const like of [ollamaLike, vllmLike]) {
  test(`an hour of long prompts on a slow machine is no stall: ${like().kind}`, async () => {
    const fleet = [
      machine(
        like({
          name: 'slow',
          models: [{ name: usualModel, contextTokens: 32_768 }],
          metrics: false,
          engine: { prefillTokensPerSecond: 25, slots: 2, memoryTokens: 1e6 },
        }),
        { concurrency: 2 },
      ),
    ]
    const load = workload(0.02, {
      models: [{ share: 1, of: usualModel }],
      callers: [
        { share: 1, of: { name: 'anyone', weight: 1, priority: 'default', cloud: 'allowed', patienceMs: 3_600_000 } },
      ],
      promptTokens: { mean: 900, sigma: 1, most: 9_000 },
    })
    const { report, stalled } = await play(75, fleet, load)
    assert.deepEqual(stalled, [])
    assert.equal(report.whole, 75)
  })
}

test('who keeps a model for ever while another waits for its place does not keep that one out: it is let in by hand', async () => {
  const one = ollamaLike({ name: 'one', models, engine: { loadedMax: 1, loadMs: 3_000 } })
  const load = workload(0.2, { streamed: 1, models: [{ share: 1, of: 'other:8b' }] })
  const { report } = await play(30, [machine(one, { concurrency: 1 })], load, async ({ world, servers }) => {
    await world.sleep(60_000)
    // Somebody beside the gateway, who overtakes whoever waits for the other model.
    for (let turn = 0; turn < 6; turn += 1) {
      void servers[0]!.work({ model: usualModel, promptTokens: 100, outputTokens: 200, keepMs: Infinity })
      await world.sleep(4_000)
    }
  })
  assert.equal(report.whole, 30)
  assert.ok(report.all.firstTokenMs.p95 < 60_000, `${report.all.firstTokenMs.p95} ms`)
})

test('a model that cannot be loaded disturbs nobody who wants another, and is served again when it can be', async () => {
  const fleet = [box('one', { engine: { loadedMax: 2, keepMs: 5_000 } }), box('two')]
  const { report } = await play(400, fleet, workload(7), async ({ world, servers: [one], gateway }) => {
    one!.setLoadable(usualModel, false)
    await world.sleep(55_000)
    const [upstream] = gateway.fleet.upstreams
    assert.notEqual(upstream!.place(usualModel).state(world.now()), 'well')
    assert.deepEqual([upstream!.up, upstream!.breaker.state(world.now())], [true, 'closed'])
    one!.setLoadable(usualModel, true)
  })
  assert.equal(report.whole, 400)
  const failed = Object.values(report.failedAttempts).reduce((sum, count) => sum + count, 0)
  assert.ok(failed <= 12, `${failed} attempts failed`)
})
