import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Exile } from './exile.ts'

test('who turned us away is left alone, and longer each time it does so again', () => {
  const exile = new Exile()
  assert.equal(exile.begin(1_000, 900), true)
  assert.deepEqual([exile.holds(5_999), exile.holds(6_000)], [true, false])
  // One looks, and the others wait for what it finds.
  exile.begun(6_000)
  assert.equal(exile.holds(6_001), true)
  assert.equal(exile.begin(6_100, 6_000), false)
  assert.equal(exile.until, 16_100)
  for (let now = 20_000, i = 0; i < 20; i += 1, now += 400_000) exile.begin(now, now)
  assert.equal(exile.until, 20_000 + 19 * 400_000 + 300_000)
})

test('those who had been sent before are turned away too, which is no news and lengthens nothing', () => {
  const exile = new Exile()
  exile.begin(1_000, 500)
  assert.equal(exile.begin(1_200, 600), false)
  assert.equal(exile.until, 6_000)
})

test('once it serves again all is forgotten', () => {
  const exile = new Exile()
  exile.begin(1_000, 500)
  exile.end()
  assert.equal(exile.holds(1_001), false)
  assert.equal(exile.begin(90_000, 89_000), true)
  assert.equal(exile.until, 95_000)
})
