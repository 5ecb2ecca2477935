import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dayWorkload } from '../../src/sim/day.ts'
import type { Report } from '../../src/sim/report.ts'
import { simulate } from '../../src/sim/run.ts'
import type { Simulation } from '../../src/sim/simulation.ts'
import { poisson } from '../../src/sim/workload.ts'
import { mixNames, mixOf, simulationOf } from './mixes.ts'

/** The afternoon of a day of a hundred thousand requests. */
const afternoon = (requests: number, perSecond: number): Simulation => ({
  seed: 3,
  requests,
  workload: { ...dayWorkload(requests), arrivals: poisson(perSecond) },
})

test('where servers tell coarsely the gateway keeps its promises all the same, and one seed is one history', async () => {
  for (let seed = 1; seed <= mixNames.length; seed += 1) {
    const simulation = { ...simulationOf(seed, 60), grain: 'coarse' } as const
    const [one, same] = [await simulate(simulation), await simulate(simulation)]
    assert.deepEqual(one, same, mixOf(seed))
  }
})

/** Where there is too much to do, each decision hangs on the one before it: what differs by a hair in one place is soon another history. */
const cases = [
  { perSecond: 1.2, within: 0.05, withinShare: 0.01 },
  { perSecond: 4, within: 0.3, withinShare: 0.03 },
]

for (const { perSecond, within, withinShare } of cases) {
  test(`at ${perSecond} requests a second the gateway decides nearly the same, whether servers tell finely or coarsely`, async () => {
    const [fine, coarse] = [
      await simulate(afternoon(500, perSecond)),
      await simulate({ ...afternoon(500, perSecond), grain: 'coarse' }),
    ]
    assert.notEqual(fine.digest, coarse.digest)
    const shares: readonly ((report: Report) => number)[] = [
      ({ whole, requests }) => whole / requests,
      ({ left, requests }) => left / requests,
      ({ spilled }) => spilled.requests,
      ({ spilled }) => spilled.tokens,
    ]
    for (const share of shares)
      assert.ok(Math.abs(share(fine) - share(coarse)) < withinShare, `${share(fine)}, ${share(coarse)}`)
    const times: readonly ((report: Report) => number)[] = [
      ({ all }) => all.firstTokenMs.p50,
      ({ all }) => all.firstTokenMs.p95,
      ({ tokensPerSecond }) => tokensPerSecond,
    ]
    for (const time of times)
      assert.ok(Math.abs(time(coarse) / time(fine) - 1) < within, `${time(fine)}, ${time(coarse)}`)
  })
}

test('twenty minutes of a day are little work: few instants and few frames for each request', async () => {
  const requests = 1_500
  let [sleeps, frames, streams] = [0, 0, 0]
  await simulate({
    ...afternoon(requests, 1.2),
    grain: 'coarse',
    script: ({ world }) => {
      const sleep = world.sleep.bind(world)
      world.sleep = (ms, signal) => {
        sleeps += 1
        return sleep(ms, signal)
      }
      return Promise.resolve()
    },
    onVisit({ errand, heard, fault }) {
      if (heard === undefined || !errand.stream || fault !== undefined) return
      frames += heard.frames
      streams += 1
    },
  })
  assert.ok(streams > requests / 20, 'some of them are listened to')
  assert.ok(sleeps / requests < 30, `${sleeps / requests} instants for each request`)
  assert.ok(frames / streams < 8, `${frames / streams} frames for each answer of two hundred tokens`)
})
