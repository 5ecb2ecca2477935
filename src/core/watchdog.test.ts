import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { World } from './world.ts'
import { Watchdog } from './watchdog.ts'

/** A clock that jumps to the end of each sleep, a limited number of times. */
function jumping(): World & { sleeps: number } {
  let now = 0
  const world = {
    sleeps: 0,
    now: () => now,
    sleep: async (ms: number) => {
      world.sleeps += 1
      now += ms
      await Promise.resolve()
    },
  }
  return world as unknown as World & { sleeps: number }
}

test('what shows no progress in time is cut off once, and soon', async () => {
  const world = jumping()
  const dog = new Watchdog(world)
  const expired = new Promise<number>((resolve) => {
    dog.watch({ slot: -1, deadline: 1_000, expire: () => resolve(world.now()) })
  })
  const at = await expired
  assert.ok(at >= 1_000 && at <= 1_250, `expired at ${at}`)
})

test('progress moves the deadline, and nobody watched means no clock runs', async () => {
  const world = jumping()
  const dog = new Watchdog(world)
  let expired = 0
  const watched = { slot: -1, deadline: 600, expire: () => (expired += 1) }
  dog.watch(watched)
  while (world.now() < 500) await Promise.resolve()
  watched.deadline = 2_000
  while (world.now() < 1_500) await Promise.resolve()
  assert.equal(expired, 0)
  dog.release(watched)
  for (let i = 0; i < 50; i += 1) await Promise.resolve()
  const { sleeps } = world
  for (let i = 0; i < 50; i += 1) await Promise.resolve()
  assert.equal(world.sleeps, sleeps)
})

test('after this process stood still, nobody is cut off before what came meanwhile could be read', async () => {
  let now = 0
  const steps = [250, 3_000, 250, 250]
  const world = {
    now: () => now,
    sleep: async () => {
      await Promise.resolve()
      now += steps.shift() ?? 250
    },
  } as unknown as World
  const cut: number[] = []
  const dog = new Watchdog(world)
  const silent = { slot: -1, deadline: 1_000, expire: () => void cut.push(now) }
  const read = { slot: -1, deadline: 1_000, expire: () => assert.fail('it had spoken') }
  dog.watch(silent)
  dog.watch(read)
  const isSoon = (): boolean => now < 3_250
  while (isSoon()) await Promise.resolve()
  read.deadline = 100_000
  while (cut.length === 0) await Promise.resolve()
  dog.release(read)
  assert.deepEqual(cut, [3_500])
})
