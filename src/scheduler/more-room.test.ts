import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rigOf, watched } from './rig.test-helper.ts'

test('who waits is served when the first token of another shows that more fit, before any answer is over', async () => {
  const { scheduler, ask, world, fleet } = rigOf({ one: { concurrency: 'auto' } })
  const alone = await scheduler.acquire(ask())
  await world.advance(100)
  alone.spoke(world.now())
  await world.advance(1_000)
  alone.end('served', { firstTokenMs: 100, usage: { promptTokens: 100, outputTokens: 50 } })
  const { limit } = fleet.upstreams[0]!.place('m')
  const places = limit.value
  let last = alone
  for (let at = 0; at < places; at += 1) last = await scheduler.acquire(ask())
  const [first, second] = [watched(scheduler.acquire(ask())), watched(scheduler.acquire(ask()))]
  await world.advance(100)
  last.spoke(world.now())
  last.end('ignored')
  await world.advance(100)
  assert.deepEqual([first.waits, second.waits, limit.value], [false, true, places])
  // The second that found all places taken, and did not have to wait in the server.
  first.lease!.spoke(world.now())
  await world.settle()
  assert.deepEqual([second.waits, limit.value], [false, places + 1])
})
