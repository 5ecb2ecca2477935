import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UpstreamSettings } from '../core/settings.ts'
import { type Rig, rigOf, serveFor, watched } from './rig.test-helper.ts'

/** A server at home that is known to take four seconds for each ask, half of them until it speaks. */
async function known(more: Record<string, Partial<UpstreamSettings>> = {}): Promise<Rig> {
  const rig = rigOf({ home: {}, ...more })
  const { world, scheduler, ask } = rig
  for (let served = 0; served < 20; served += 1) {
    serveFor(world, scheduler.acquire(ask({ cloud: 'never' })), 4_000)
    await world.advance(4_000)
  }
  return rig
}

test('an answer that would come after the deadline is refused at once, and told when to come back', async () => {
  const { world, scheduler, ask } = await known()
  serveFor(world, scheduler.acquire(ask()), 4_000)
  const hopeless = watched(scheduler.acquire(ask({ deadlineMs: 6_000 })))
  const fine = watched(scheduler.acquire(ask({ deadlineMs: 10_000 })))
  const unhurried = watched(scheduler.acquire(ask()))
  await world.settle()
  const { kind, retryAfterMs = 0 } = hopeless.error!
  assert.equal(kind, 'patience-spent')
  assert.match(hopeless.error!.message, /within 6 s/)
  assert.ok(retryAfterMs >= 1_000 && retryAfterMs < 5_000, `${retryAfterMs}`)
  assert.deepEqual([fine.waits, unhurried.waits], [true, true])
})

test('it goes to the cloud, if that makes it and it may', async () => {
  const { world, scheduler, ask } = await known({ cloud: { tier: 1, concurrency: 4 } })
  await scheduler.acquire(ask())
  const [late, early, strict] = [
    watched(scheduler.acquire(ask({ deadlineMs: 6_000 }))),
    watched(scheduler.acquire(ask({ deadlineMs: 20_000 }))),
    watched(scheduler.acquire(ask({ deadlineMs: 6_000, cloud: 'never' }))),
  ]
  await world.settle()
  assert.deepEqual([late.lease?.upstream.settings.name, late.lease?.spilled], ['cloud', true])
  assert.equal(early.waits, true)
  assert.equal(strict.error?.kind, 'patience-spent')
})

test('where there is room and no other choice it is served, though it will be late', async () => {
  const { world, scheduler, ask } = await known()
  const late = watched(scheduler.acquire(ask({ deadlineMs: 1_000 })))
  await world.settle()
  assert.equal(late.lease?.upstream.settings.name, 'home')
})

test('one who waits is refused when its answer can no longer come in time, with patience left', async () => {
  const { world, scheduler, ask } = await known()
  // It holds its place for ever.
  await scheduler.acquire(ask())
  const waiting = watched(scheduler.acquire(ask({ deadlineMs: 11_000, patienceMs: 60_000 })))
  await world.advance(1_000)
  assert.equal(waiting.waits, true)
  await world.advance(10_000)
  assert.equal(waiting.error?.kind, 'patience-spent')
  assert.equal(scheduler.waiting, 0)
  assert.equal(world.sleeping, 0, 'no timer is left behind')
})

test('one who waits goes to the cloud in time for its whole answer', async () => {
  const { world, scheduler, ask } = await known({ cloud: { tier: 1, concurrency: 4 } })
  // What is known of the cloud: four seconds as well.
  for (let served = 0; served < 20; served += 1) {
    serveFor(world, scheduler.acquire(ask(), new Set([scheduler.explain(ask()).prospects[0]!.offer.upstream])), 4_000)
    await world.advance(4_000)
  }
  await scheduler.acquire(ask())
  const waiting = watched(scheduler.acquire(ask({ deadlineMs: 11_000 })))
  await world.advance(1_000)
  assert.equal(waiting.waits, true)
  await world.advance(10_000)
  assert.equal(waiting.lease?.upstream.settings.name, 'cloud')
  assert.ok(waiting.lease.waitMs <= 7_500, `after ${waiting.lease.waitMs} ms`)
})

test('before a server is known nobody is refused by what is thought of it', async () => {
  const { world, scheduler, ask } = rigOf({ home: {} })
  await scheduler.acquire(ask())
  const waiting = watched(scheduler.acquire(ask({ deadlineMs: 50 })))
  await world.settle()
  assert.equal(waiting.waits, true)
})
