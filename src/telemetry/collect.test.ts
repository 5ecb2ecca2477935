import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Collector } from './collect.ts'

test('no more than a twentieth of the time goes into collecting', () => {
  let now = 0
  let spentMs = 0
  const collector = new Collector(
    () => {
      const tookMs = 10 + (spentMs % 90)
      spentMs += tookMs
      now += tookMs
    },
    () => now,
  )
  while (now < 600_000) {
    collector.collect()
    now += 250
  }
  assert.ok(spentMs > 0.02 * now && spentMs < 0.05 * now, `${spentMs} of ${now} ms`)
})

test('what nobody holds any more is gone', async () => {
  const forgotten = new WeakRef({ some: 'thing' })
  // What was made or looked at in a turn is held until that is over.
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(new Collector().collect(), true)
  assert.equal(forgotten.deref(), undefined)
})
