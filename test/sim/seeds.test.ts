import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simulate } from '../../src/sim/run.ts'
import { mixes, mixOf, simulationOf } from './mixes.ts'

const names = Object.keys(mixes)
const requests = 80

/** Seeds 1 to 200; `campaign.ts` runs as many more as one likes. */
for (const [index, name] of names.entries()) {
  const seeds = Array.from({ length: 200 }, (_, at) => at + 1).filter((seed) => seed % names.length === index)
  test(`every ask ends once, is heard in order, and leaves nothing behind: ${name}`, async () => {
    const sums = { whole: 0, broken: 0, refused: 0, left: 0 }
    for (const seed of seeds) {
      assert.equal(mixOf(seed), name)
      const report = await simulate(simulationOf(seed, requests))
      for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += report[key]
    }
    assert.equal(sums.whole + sums.broken + sums.refused + sums.left, seeds.length * requests)
    assert.ok(sums.whole > seeds.length * requests * 0.25, 'what is simulated is a gateway that works')
  })
}

test('one seed has one history, and another seed another', async () => {
  for (const name of names) {
    const [one, same, other] = await Promise.all(
      [7, 7, 8].map((seed) => simulate({ ...mixes[name], seed, requests })),
    )
    assert.deepEqual(one, same, name)
    assert.notEqual(one!.digest, other!.digest, name)
  }
})
