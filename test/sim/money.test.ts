import assert from 'node:assert/strict'
import { test } from 'node:test'
import { meansNames, meansOf, spending, type Spent } from './spending.ts'

const requests = 100
const seedsEach = 3

test('money that is set aside for somebody who has left goes back', async () => {
  await spending(1_009, 100)
})

/** `money-campaign.ts` runs as many more as one likes. */
for (const [index, name] of meansNames.entries()) {
  test(`the books are what every server counted by itself, and no budget is passed: ${name}`, async () => {
    const seeds = Array.from({ length: seedsEach }, (_, at) => index + at * meansNames.length)
    const all: Spent[] = []
    for (const seed of seeds) {
      assert.equal(meansOf(seed), name)
      all.push(await spending(seed, requests))
    }
    const sum = (of: (one: Spent) => number): number => all.reduce((total, one) => total + of(one), 0)
    assert.ok(sum(({ entries }) => entries.length) > 20, 'somebody was served')
    assert.ok(sum(({ estimatedTokens }) => estimatedTokens) < 0.1 * sum(({ tokens }) => tokens))
    // Only where all is paid for there is enough of everything for certain.
    if (name !== 'nothing at home') return
    assert.ok(sum(({ tries }) => tries.length) > 100, 'it was paid for')
    assert.ok(sum(({ tries }) => tries.filter(({ estimated }) => estimated).length) > 0, 'not all of it was counted')
    assert.ok(sum(({ tries }) => tries.filter(({ state }) => state === 'released').length) > 0, 'some cost nothing')
  })
}
