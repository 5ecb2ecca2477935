import assert from 'node:assert/strict'
import { test } from 'node:test'
import { usualHedge } from '../../src/core/settings.ts'
import { type Hanging, hanging, percentile } from './hanging.ts'

/** One of two hangs for five seconds of each thirty. */
const now: Omit<Hanging, 'hedge'> = { seed: 1, requests: 900, perSecond: 3, everyMs: 30_000, forMs: 5_000, servers: 2 }

// That they are two in a hundred at most the simulator sees to itself, at each moment of each history.
test('where a server hangs now and then, a second one brings the late ones sooner than giving up does, and nobody else later', async () => {
  const without = await hanging({ ...now, hedge: undefined })
  const with2 = await hanging({ ...now, hedge: usualHedge })
  const at = (part: number): [number, number] => [
    percentile(without.firstTokensMs, part),
    percentile(with2.firstTokensMs, part),
  ]
  const [late, sooner] = at(0.99)
  const [usual, still] = at(0.5)
  assert.ok(sooner <= 0.85 * late, `${sooner} ms where it was ${late} ms`)
  assert.ok(still <= 1.05 * usual, `${still} ms where it was ${usual} ms`)
  assert.ok(with2.hedges.won >= 0.4 * with2.hedged, `${with2.hedges.won} of ${with2.hedged} spoke first`)
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
