import assert from 'node:assert/strict'
import { test } from 'node:test'
import { machine } from '../../src/sim/fleet.ts'
import { simulate } from '../../src/sim/run.ts'
import { vllmLike } from '../../src/sim/server-spec.ts'
import { poisson, usualModel, usualWorkload } from '../../src/sim/workload.ts'
import { percentile } from './hanging.ts'

/** Eight at once, thirty tokens a second each. */
const server = (name: string) =>
  machine(
    vllmLike({
      name,
      models: [{ name: usualModel, contextTokens: 8_192 }],
      engine: {
        slots: 8,
        stepMs: [
          [0, 1_000 / 30],
          [8, 1_000 / 30],
        ],
      },
    }),
  )

const seconds = 1_000
const slowAt = 60 * seconds
const wellAt = 150 * seconds
const endAt = 240 * seconds
const perSecond = 6

interface Seen {
  readonly at: number
  readonly upstream: string
  readonly firstTokenMs: number
  readonly totalMs: number
}

/** One of three servers, half full, becomes ten times as slow for a minute and a half. */
async function played(seed: number): Promise<readonly Seen[]> {
  const seen: Seen[] = []
  await simulate({
    seed,
    requests: (endAt / seconds) * perSecond,
    fleet: ['one', 'two', 'three'].map(server),
    workload: {
      ...usualWorkload,
      arrivals: poisson(perSecond),
      hangUps: 0,
      streamed: 1,
      outputTokens: { mean: 60, sigma: 0.5, most: 300 },
    },
    settings: { queue: { max: 1_000, patienceMs: 30_000 } },
    script: async ({ gateway, world, servers: [one] }) => {
      gateway.subscribe((event) => {
        if (event.type !== 'ask-settled') return
        const { upstream, firstTokenMs, totalMs } = event.outcome
        seen.push({ at: event.ask.arrivedAt, upstream, firstTokenMs: firstTokenMs ?? Infinity, totalMs })
      })
      await world.sleep(slowAt)
      one!.slow(10)
      await world.sleep(wellAt - slowAt)
      one!.slow(1)
    },
  })
  return seen
}

test('a server that becomes ten times as slow costs nobody much after thirty seconds, and is used again when it is well', async () => {
  const seen = await played(1)
  const between = (fromMs: number, toMs: number): readonly Seen[] => seen.filter(({ at }) => at >= fromMs && at < toMs)
  const p99 = (some: readonly Seen[], what: 'firstTokenMs' | 'totalMs'): number =>
    percentile(
      some.map((one) => one[what]).toSorted((one, other) => one - other),
      0.99,
    )
  const share = (some: readonly Seen[]): number =>
    some.filter(({ upstream }) => upstream === 'one').length / some.length
  const healthy = between(0, slowAt)
  const slow = between(slowAt + 30 * seconds, wellAt)
  for (const what of ['firstTokenMs', 'totalMs'] as const)
    assert.ok(p99(slow, what) <= 1.2 * p99(healthy, what), `${what}: ${p99(slow, what)} after ${p99(healthy, what)}`)
  assert.ok(share(slow) > 0 && share(slow) <= 0.02, `it is tried now and then, by ${share(slow)} of all`)
  assert.ok(share(between(wellAt + 45 * seconds, endAt)) >= 0.2, 'it has its part again')
})
