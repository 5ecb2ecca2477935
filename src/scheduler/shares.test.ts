import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Priority } from '../core/ask.ts'
import { callerOf, type Rig, rigOf } from './rig.test-helper.ts'

/** Always has three waiting, and each takes so long; what it had is counted in milliseconds of the servers. */
function backlog(rig: Rig, priority: Priority, tookMs: number): { ms: number } {
  const had = { ms: 0 }
  const next = (): void => {
    const asked = rig.ask({ caller: callerOf(priority), priority, patienceMs: Infinity, outputTokensMax: tookMs })
    void rig.scheduler.acquire(asked).then(async (lease) => {
      next()
      await rig.world.sleep(tookMs)
      had.ms += tookMs
      lease.end('served', { firstTokenMs: 0, usage: { promptTokens: 100, outputTokens: tookMs } })
    })
  }
  for (let at = 0; at < 3; at += 1) next()
  return had
}

for (const [fleet, upstreams] of Object.entries({
  'one server': { one: {} },
  'two servers with several places': { one: { concurrency: 3 }, two: { concurrency: 2 } },
})) {
  test(`on ${fleet} the less urgent get their shares of the time, however much longer theirs takes`, async () => {
    const rig = rigOf(upstreams)
    const [urgent, usual, batch] = [
      backlog(rig, 'interactive', 100),
      backlog(rig, 'default', 300),
      backlog(rig, 'batch', 800),
    ]
    await rig.world.advance(200_000)
    const all = urgent.ms + usual.ms + batch.ms
    for (const [name, { ms }, share] of [
      ['default', usual, 0.2],
      ['batch', batch, 0.1],
    ] as const)
      assert.ok(ms / all > share * 0.95 && ms / all < share * 1.25, `${name} had ${ms / all}`)
  })
}

test('other shares hold at once for those who wait already', async () => {
  const rig = rigOf({ one: {} })
  const [urgent, batch] = [backlog(rig, 'interactive', 100), backlog(rig, 'batch', 100)]
  await rig.world.advance(5_000)
  rig.scheduler.shares = { default: 0, batch: 0.5 }
  const before = [urgent.ms, batch.ms] as const
  await rig.world.advance(20_000)
  const ratio = (batch.ms - before[1]) / (urgent.ms - before[0])
  assert.ok(Math.abs(ratio - 1) < 0.1, `${ratio}`)
})
