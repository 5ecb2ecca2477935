/** Two servers at seven tenths of what they can do, one of which is down for a minute: what is promised of that. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { armOf } from '../../bench/virtual/arms/index.ts'
import { capacityOf } from '../../bench/virtual/capacity.ts'
import { drive } from '../../bench/virtual/drive.ts'
import { measure, type Measures } from '../../bench/virtual/measures.ts'
import { outages } from '../../bench/virtual/scenarios/outage.ts'

/** The servers are the same in all runs. */
const capacity = await capacityOf(outages[0]!)

/** What the parts of a run say. */
async function played(run: string, seed = 1): Promise<(part: string) => Measures> {
  const parts = outages.filter((one) => one.run === run)
  const history = await drive(parts[0]!, armOf('spillway'), seed)
  return (part) => measure({ ...history, scenario: parts.find(({ name }) => name === `${run}-${part}`)! }, capacity)
}

suite('Of two servers at seven tenths one goes down and comes back', () => {
  test('and nobody fails who has not heard a word; who is left does all it can, and there is no second dip', async () => {
    const work: number[] = []
    for (const seed of [1, 2, 3]) {
      const the = await played('outage', seed)
      for (const part of ['before', 'during', 'return', 'after']) assert.equal(the(part).failed, 0, part)
      for (const part of ['during', 'return', 'after']) assert.equal(the(part).broken, 0, part)
      for (const part of ['return', 'after']) {
        assert.equal(the(part).refused, 0, part)
        assert.ok(the(part).inTime >= 0.99, `${part}: ${the(part).inTime}`)
      }
      work.push(the('during').onTimeWork)
    }
    // In a minute there are some eighty answers: those of one history are a few in a hundred more or less.
    assert.ok(work.reduce((sum, share) => sum + share, 0) / work.length >= 0.98, work.join())
  })

  test('and with the cloud behind them nobody is refused, and not much more leaves than has to', async () => {
    const the = await played('outage-cloud')
    for (const part of ['before', 'during', 'return', 'after']) {
      assert.equal(the(part).failed, 0, part)
      assert.equal(the(part).refused, 0, part)
    }
    assert.ok(the('during').inTime >= 0.97, `${the('during').inTime}`)
    // 48 of 168 tokens a second are more than one can say.
    assert.ok(the('during').outTokens < 48 / 168 + 0.08, `${the('during').outTokens}`)
  })

  test('and asked for more than both can do, they say 235 of 240 tokens a second together when it is back', async () => {
    const the = await played('outage-full')
    assert.equal(the('after').failed, 0)
    assert.ok(the('after').onTimeWork >= 235 / 240, `${the('after').onTimeWork}`)
  })
})
