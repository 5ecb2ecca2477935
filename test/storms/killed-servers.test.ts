import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killedServers } from './killed-servers.ts'
import { quantile } from './quantile.ts'

test('of two servers one is always killed or coming back, and who has not heard a word yet does not notice', async (t) => {
  const { kills, asked, tookMs, aroundMs, failed, broken, wrong } = await killedServers(t, {
    seconds: 3,
    perSecond: 150,
    everyMs: 2_500,
  })
  const [usual, around] = [tookMs, aroundMs].map((all) =>
    quantile(
      all.toSorted((one, other) => one - other),
      0.99,
    ),
  )
  t.diagnostic(
    `${asked} asked, ${kills} killed, ${broken} streams told that they broke; p99 ${usual!.toFixed(0)} ms, ` +
      `${around!.toFixed(0)} ms in the second after`,
  )
  assert.deepEqual(failed, [])
  assert.equal(wrong, 0)
  assert.ok(kills > 0 && tookMs.length > 50)
})
