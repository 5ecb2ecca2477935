import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simulate } from '../../src/sim/run.ts'
import { mixNames, mixOf, simulationOf } from './mixes.ts'

const requests = 80

/** Seeds 1 to 130; `campaign.ts` runs as many more as one likes. */
for (const [index, name] of mixNames.entries()) {
  const seeds = Array.from({ length: 130 }, (_, at) => at + 1).filter((seed) => seed % mixNames.length === index)
  test(`every ask ends once, is heard in order, and leaves nothing behind: ${name}`, async () => {
    const sums = { whole: 0, broken: 0, refused: 0, left: 0 }
    for (const seed of seeds) {
      assert.equal(mixOf(seed), name)
      const report = await simulate(simulationOf(seed, requests))
      for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += report[key]
    }
    assert.equal(sums.whole + sums.broken + sums.refused + sums.left, seeds.length * requests)
    assert.ok(sums.whole > seeds.length * requests * 0.2, 'what is simulated is a gateway that works')
  })
}

test('one seed has one history, and another seed another', async () => {
  for (let seed = 1; seed <= mixNames.length; seed += 1) {
    const [one, same, other] = await Promise.all(
      [seed, seed, seed + mixNames.length].map((each) => simulate(simulationOf(each, requests))),
    )
    assert.deepEqual(one, same, mixOf(seed))
    assert.notEqual(one!.digest, other!.digest, mixOf(seed))
  }
})
