import assert from 'node:assert/strict'
import { test } from 'node:test'
import { at, fairness, machineNames } from './fairness.ts'

/** A slice of what `npm run nightly -- fair` does with a thousand seeds. */
const seeds = [1, 2, 3]

for (const name of machineNames) {
  test(`one who asks a hundred times as often does not make another wait more than twice as long: ${name}`, async () => {
    const { solo, crowded } = await fairness(seeds, name, 4)
    const ratio = at(0.99, crowded) / at(0.99, solo)
    assert.ok(ratio <= 2, `${ratio.toFixed(2)} times ${at(0.99, solo).toFixed(0)} ms`)
  })
}
