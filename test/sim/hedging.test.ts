import assert from 'node:assert/strict'
import { test } from 'node:test'
import { usualHedge } from '../../src/core/settings.ts'
import { type Hanging, hanging, percentile } from './hanging.ts'

/** What those waited, all together, who met a hang. */
const lateMs = (all: readonly number[]): number => all.filter((ms) => ms > 500).reduce((sum, ms) => sum + ms, 0)

/** One of two hangs for five seconds of each thirty. */
const now: Omit<Hanging, 'hedge'> = { seed: 1, requests: 900, perSecond: 3, everyMs: 30_000, forMs: 5_000, servers: 2 }

// That they are two in a hundred at most the simulator sees to itself, at each moment of each history.
test('where a server hangs now and then, a second one brings the late ones sooner than giving up does, and nobody else later', async () => {
  let [alone, both] = [0, 0]
  for (const seed of [1, 2, 3]) {
    const without = await hanging({ ...now, seed, hedge: undefined })
    const with2 = await hanging({ ...now, seed, hedge: usualHedge })
    const [usual, still] = [percentile(without.firstTokensMs, 0.5), percentile(with2.firstTokensMs, 0.5)]
    assert.ok(still <= 1.05 * usual, `${still} ms where it was ${usual} ms`)
    assert.ok(with2.hedges.won >= 0.4 * with2.hedged, `${with2.hedges.won} of ${with2.hedged} spoke first`)
    alone += lateMs(without.firstTokensMs)
    both += lateMs(with2.firstTokensMs)
  }
  assert.ok(both <= 0.85 * alone, `${both} ms were lost where it was ${alone} ms`)
})

for (const perSecond of [1, 10, 30]) {
  test(`at ${perSecond} a second no more than two in a hundred have a second server, and all of them end`, async () => {
    const { asks, hedged, hedges } = await hanging({ ...now, perSecond, requests: 400, hedge: usualHedge })
    assert.equal(asks, 400)
    assert.ok(hedged <= 8, `${hedged} of ${asks}`)
    assert.equal(hedges.won + hedges.lost + hedges.failed, hedged)
  })
}

test('servers that are full have nothing to spare', async () => {
  const { hedged } = await hanging({ ...now, perSecond: 60, requests: 700, hedge: usualHedge })
  assert.ok(hedged <= 4, `${hedged}`)
})
