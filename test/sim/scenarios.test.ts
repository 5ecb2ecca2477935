import assert from 'node:assert/strict'
import { test } from 'node:test'
import { machine } from '../../src/sim/fleet.ts'
import type { Report } from '../../src/sim/report.ts'
import { simulate } from '../../src/sim/run.ts'
import { cloudLike, ollamaLike, vllmLike } from '../../src/sim/server-spec.ts'
import type { Simulation } from '../../src/sim/simulation.ts'
import { bursts, poisson, type SimCaller, usualModel, usualWorkload, type Workload } from '../../src/sim/workload.ts'

/** What people are promised, seen from outside, with room for chance. */

const caller = (name: string, changes: Partial<SimCaller> = {}): SimCaller => ({
  name,
  weight: 1,
  priority: 'default',
  cloud: 'allowed',
  patienceMs: 20_000,
  ...changes,
})

const equally = (...callers: readonly SimCaller[]): Workload['callers'] => callers.map((of) => ({ share: 1, of }))

/** Nobody looks at single words, but where it is said. */
const played = (simulation: Simulation): Promise<Report> => simulate({ grain: 'coarse', ...simulation })

/** Everybody stays, and hears words. */
const plain: Workload = { ...usualWorkload, hangUps: 0, tools: 0, json: 0, limited: 0, streamed: 1 }

const eightWide = machine(vllmLike(), { concurrency: 8 })
const roomy = { queue: { max: 1_000, patienceMs: 20_000 } }

test('twice the weight is about twice the share of a machine that both want more of', async () => {
  const callers = equally(caller('heavy', { weight: 2 }), caller('light'))
  const report = await played({
    seed: 1,
    requests: 2_000,
    fleet: [eightWide],
    workload: { ...plain, arrivals: poisson(20), callers },
    settings: roomy,
  })
  const ratio = report.callers['heavy']!.served / report.callers['light']!.served
  assert.ok(ratio > 1.4 && ratio < 2.2, `${ratio}`)
})

test('who asks seldom does not wait behind one who asks all the time', async () => {
  const callers = [
    { share: 20, of: caller('greedy') },
    { share: 1, of: caller('modest') },
  ]
  const { callers: times } = await played({
    seed: 1,
    requests: 2_000,
    fleet: [eightWide],
    workload: { ...plain, arrivals: poisson(16), callers },
    settings: roomy,
  })
  assert.equal(times['modest']!.served, times['modest']!.requests)
  assert.ok(times['modest']!.waitMs.p95 < 2_000)
  assert.ok(times['greedy']!.waitMs.p50 > 10_000)
})

test('who is in a hurry goes first, and who is not still gets his turn', async () => {
  const callers = equally(
    caller('people', { priority: 'interactive' }),
    caller('agents'),
    caller('night', { priority: 'batch', patienceMs: 100_000 }),
  )
  const { callers: times } = await played({
    seed: 1,
    requests: 2_000,
    fleet: [eightWide],
    workload: { ...plain, arrivals: poisson(14), callers },
    settings: roomy,
  })
  assert.equal(times['people']!.served, times['people']!.requests)
  // Three tenths of the machine are kept for the others, and people alone want most of the rest.
  assert.ok(times['people']!.waitMs.p99 < 4_000)
  assert.ok(times['agents']!.waitMs.p50 > times['people']!.waitMs.p99)
  assert.ok(times['night']!.served > times['night']!.requests / 2)
})

test('with a cloud behind it nobody is refused, and nearly every first token comes while its caller is patient', async () => {
  const fleet = [machine(ollamaLike()), machine(cloudLike(), { serve: { [usualModel]: 'gpt-5-mini' } })]
  const workload = { ...plain, arrivals: bursts(2), callers: equally(caller('anyone', { patienceMs: 3_000 })) }
  const report = await played({ seed: 1, requests: 2_000, fleet, workload })
  assert.equal(report.whole, 2_000)
  assert.ok(report.all.firstTokenMs.p95 <= 3_000, `${report.all.firstTokenMs.p95}`)
  assert.ok(report.spilled.requests > 0.05 && report.spilled.requests < 0.5, `${report.spilled.requests}`)
})

test('while one machine is enough, no money is spent', async () => {
  const fleet = [eightWide, machine(cloudLike(), { serve: { [usualModel]: 'gpt-5-mini' } })]
  const report = await played({ seed: 1, requests: 500, fleet, workload: { ...plain, arrivals: poisson(4) } })
  assert.deepEqual([report.whole, report.spilled.requests, report.usd], [500, 0, 0])
})

test('when one of two machines dies, only the answers it was giving are lost, and when it is back it serves again', async () => {
  let open = 0
  let before = 0
  const report = await played({
    seed: 1,
    requests: 1_200,
    fleet: [machine(vllmLike({ name: 'one' })), machine(vllmLike({ name: 'two' }))],
    workload: { ...plain, arrivals: poisson(8), callers: equally(caller('anyone')) },
    script: async ({ world, servers }) => {
      await world.sleep(60_000)
      open = servers[0]!.ledger.open
      before = servers[0]!.ledger.whole
      servers[0]!.crash()
      await world.sleep(30_000)
      servers[0]!.restart()
    },
  })
  assert.ok(open > 0)
  assert.equal(report.refused, 0)
  assert.ok(report.broken <= open, `${report.broken} of ${open}`)
  assert.equal(report.whole + report.broken, 1_200)
  assert.ok(report.upstreams['one']!.served > before + 100, 'it serves again')
})

test('a server that takes requests and never answers costs time, and no answers', async () => {
  const report = await played({
    seed: 1,
    // Pieces come less often than these timeouts allow.
    grain: 'token',
    requests: 300,
    fleet: [machine(vllmLike({ name: 'mute', faults: { silent: 0.3 } })), machine(vllmLike({ name: 'well' }))],
    workload: { ...plain, callers: equally(caller('anyone')) },
    settings: { timeouts: { connectMs: 1_000, firstTokenMs: 2_000, gapMs: 2_000 } },
  })
  assert.equal(report.whole, 300)
  assert.ok(report.failedAttempts['upstream-slow']! > 0)
  assert.ok(report.all.firstTokenMs.p99 < 3_000, `${report.all.firstTokenMs.p99}`)
})

test('a gateway that is shutting down takes nobody in and lets nobody down', async () => {
  let drained = false
  let openThen = Infinity
  const report = await played({
    seed: 1,
    requests: 300,
    fleet: [eightWide],
    workload: { ...plain, arrivals: poisson(6), callers: equally(caller('anyone')) },
    script: async ({ world, gateway }) => {
      await world.sleep(20_000)
      await gateway.drain()
      drained = true
      openThen = gateway.asks().length + gateway.waiting
    },
  })
  assert.deepEqual([drained, openThen, report.broken], [true, 0, 0])
  assert.deepEqual(Object.keys(report.faults), ['shutting-down'])
  assert.ok(report.whole > 100 && report.refused > 100)
})

for (const slots of [1, 4, 8]) {
  test(`how many fit is found without being told: a server with ${slots} ${slots === 1 ? 'slot' : 'slots'}`, async () => {
    const fleet = [machine(ollamaLike({ name: 'box', engine: { slots } }))]
    const report = await played({ seed: 2, requests: 800, fleet, workload: { ...plain, arrivals: poisson(6) } })
    const found = report.upstreams['box']!.limits[usualModel]!
    assert.ok(found >= slots && found <= slots * 2, `${found}`)
  })
}
