import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rigOf, serveFor, watched, type Rig } from './rig.test-helper.ts'
import type { Ask } from '../core/ask.ts'
import { lengthOf } from '../core/length.ts'
import { nobodyAhead } from './fair-queue.ts'
import { firstTry, type Situation } from './situation.ts'
import { tierFor, untilLookedAt } from './tiers.ts'

const outlook = (tier: number, firstTokenMs: number, hasRoom = true) => ({
  tier,
  waitMs: 0,
  firstTokenMs,
  totalMs: firstTokenMs + 1_000,
  hasRoom,
  speed: 1,
  isLearned: true,
})

/** Where one chooses who is patient for a second. */
const choosing = (more: Partial<Ask> = {}): Situation => {
  const { ask, fleet, world } = rigOf({ one: {} })
  return {
    ask: ask({ patienceMs: 1_000, ...more }),
    offering: fleet.offering('m')!,
    avoid: firstTry,
    length: lengthOf(100, 0.5),
    delay: 1,
    caution: 1,
    ahead: nobodyAhead,
    now: world.now(),
    desperate: false,
  }
}

test('the cheapest tier in time is the one, with room or without', () => {
  assert.equal(tierFor(choosing(), [outlook(0, 900, false), outlook(1, 100)])?.tier, 0)
  assert.equal(tierFor(choosing(), [outlook(0, 1_100), outlook(1, 100), outlook(2, 50)])?.tier, 1)
})

test('one who waits is looked at while another tier can still make it, for others may come who go first', () => {
  assert.equal(untilLookedAt(choosing(), [outlook(0, 300), outlook(1, 100)]), 700)
  assert.equal(untilLookedAt(choosing(), [outlook(0, 300), outlook(1, 800)]), 200)
  assert.equal(untilLookedAt(choosing(), [outlook(0, 300), outlook(1, 1_100)]), 700)
  assert.equal(untilLookedAt(choosing(), []), Infinity)
})

test('when none is in time the cheapest with room is, unless a costlier one is faster by far', () => {
  assert.equal(tierFor(choosing(), [outlook(0, 3_000), outlook(1, 2_000)])?.tier, 0)
  assert.equal(tierFor(choosing(), [outlook(0, 9_000), outlook(1, 2_000)])?.tier, 1)
  assert.equal(tierFor(choosing(), [outlook(0, 3_000, false), outlook(1, 2_900)])?.tier, 1)
  assert.equal(tierFor(choosing(), []), undefined)
})

/** One local server that needs four seconds for every ask, and a cloud. */
async function serial(): Promise<Rig> {
  const rig = rigOf({ local: {}, cloud: { tier: 1, concurrency: 2 } })
  const { world, scheduler, ask } = rig
  for (let served = 0; served < 20; served += 1) {
    serveFor(world, scheduler.acquire(ask({ cloud: 'never' })), 4_000)
    await world.advance(4_000)
  }
  return rig
}

test('the cloud stays closed while the local server is predicted to make it', async () => {
  const { world, scheduler, ask } = await serial()
  serveFor(world, scheduler.acquire(ask()), 4_000)
  const waiting = watched(scheduler.acquire(ask({ patienceMs: 8_000 })))
  await world.advance(4_000)
  assert.equal(waiting.lease?.upstream.settings.name, 'local')
  assert.equal(waiting.lease?.spilled, false)
})

test('an ask that would wait too long goes to the cloud at once', async () => {
  const { world, scheduler, ask } = await serial()
  await scheduler.acquire(ask())
  watched(scheduler.acquire(ask()))
  const hasty = watched(scheduler.acquire(ask({ patienceMs: 5_000 })))
  await world.settle()
  assert.equal(hasty.lease?.upstream.settings.name, 'cloud')
  assert.equal(hasty.lease?.spilled, true)
  assert.match(hasty.lease.decision, /^direct; spilled: local first token predicted in \d+\.\ds$/)
})

test('one who waits is moved to the cloud at the moment the local server can no longer make it', async () => {
  const { world, scheduler, ask } = await serial()
  await scheduler.acquire(ask())
  // The local one never ends: predicted at four seconds, it is late by the second.
  const waiting = watched(scheduler.acquire(ask({ patienceMs: 7_000 })))
  await world.advance(900)
  assert.equal(waiting.waits, true)
  await world.advance(6_100)
  assert.equal(waiting.lease?.upstream.settings.name, 'cloud')
  assert.ok(waiting.lease.waitMs <= 5_100, `after ${waiting.lease.waitMs} ms there is still time for a first token`)
})

test('when the cloud is full, one who is late takes its first room, before the others', async () => {
  const { world, scheduler, ask } = await serial()
  await scheduler.acquire(ask())
  const busy = [await scheduler.acquire(ask({ patienceMs: 10 })), await scheduler.acquire(ask({ patienceMs: 10 }))]
  assert.deepEqual(
    busy.map(({ spilled }) => spilled),
    [true, true],
  )
  const patient = watched(scheduler.acquire(ask()))
  const late = watched(scheduler.acquire(ask({ patienceMs: 1_000 })))
  await world.advance(500)
  assert.equal(late.waits, true)
  busy[0]!.end('served', { firstTokenMs: 300 })
  await world.settle()
  assert.equal(late.lease?.upstream.settings.name, 'cloud')
  assert.equal(patient.waits, true)
})

test('an ask that may not cost money never goes to the cloud, not even to be refused otherwise', async () => {
  const { world, scheduler, ask, fleet } = await serial()
  await scheduler.acquire(ask())
  const strict = watched(scheduler.acquire(ask({ cloud: 'never', patienceMs: 2_000 })))
  await world.advance(2_000)
  assert.equal(strict.error?.kind, 'patience-spent')
  assert.equal(fleet.upstreams[1]!.inFlight, 0)
})

test('a model that only costly servers have is not for an ask that may not cost money', async () => {
  const { scheduler, ask } = rigOf({ cloud: { tier: 1 } })
  await assert.rejects(scheduler.acquire(ask({ cloud: 'never' })), { kind: 'no-upstream', status: 503 })
})

test('what no local server has is served by the cloud, and that is no spill', async () => {
  const { scheduler, ask } = rigOf({ local: { serve: new Map([['other', 'other']]) }, cloud: { tier: 1 } })
  const lease = await scheduler.acquire(ask())
  assert.equal(lease.upstream.settings.name, 'cloud')
  assert.equal(lease.spilled, false)
})

test('when the local server is down the cloud serves, and says why', async () => {
  const { scheduler, ask, fleet } = rigOf({ local: {}, cloud: { tier: 1 } })
  fleet.upstreams[0]!.up = false
  const lease = await scheduler.acquire(ask())
  assert.equal(lease.spilled, true)
  assert.equal(lease.decision, 'direct; spilled: no local server is up')
})

test('one who waits for free servers does not keep another from the cloud', async () => {
  const { world, scheduler, ask } = await serial()
  await scheduler.acquire(ask())
  watched(scheduler.acquire(ask({ cloud: 'never' })))
  watched(scheduler.acquire(ask({ cloud: 'never' })))
  const hasty = watched(scheduler.acquire(ask({ patienceMs: 1_000 })))
  await world.settle()
  assert.equal(hasty.lease?.upstream.settings.name, 'cloud')
})

test('those who wait for a server at home take no room in the cloud, however many they are', async () => {
  const rig = rigOf({ local: {}, cloud: { tier: 1, concurrency: 2 } })
  const { world, scheduler, ask } = rig
  for (let served = 0; served < 20; served += 1) {
    serveFor(world, scheduler.acquire(ask({ cloud: 'never' })), 4_000)
    await world.advance(4_000)
  }
  for (let came = 0; came < 6; came += 1) watched(scheduler.acquire(ask()))
  const hasty = watched(scheduler.acquire(ask({ patienceMs: 1_000 })))
  await world.settle()
  assert.equal(hasty.lease?.upstream.settings.name, 'cloud')
})

test('a full queue does not refuse one whom the cloud can serve in time', async () => {
  const rig = rigOf({ local: {}, cloud: { tier: 1, concurrency: 1 } }, 1)
  const { scheduler, ask } = rig
  await scheduler.acquire(ask())
  watched(scheduler.acquire(ask({ cloud: 'never' })))
  const lease = await scheduler.acquire(ask({ patienceMs: 1_000 }))
  assert.equal(lease.upstream.settings.name, 'cloud')
})

test('a model that must be loaded predicts slow, and that alone opens the cloud to one in a hurry', async () => {
  const { scheduler, ask, fleet } = rigOf({ local: {}, cloud: { tier: 1 } })
  fleet.upstreams[0]!.place('m').loaded = false
  const hasty = await scheduler.acquire(ask({ patienceMs: 2_000 }))
  assert.equal(hasty.upstream.settings.name, 'cloud')
  const patient = await scheduler.acquire(ask({ patienceMs: 30_000 }))
  assert.equal(patient.upstream.settings.name, 'local')
  assert.equal(patient.decision, 'direct; loading')
})

test('a cheaper place that has room is better than waiting for a costlier one', async () => {
  const { scheduler, ask, fleet } = rigOf({ local: {}, cloud: { tier: 1 } })
  fleet.upstreams[0]!.place('m').loaded = false
  const patienceMs = 4_900
  const first = await scheduler.acquire(ask({ patienceMs }))
  const second = await scheduler.acquire(ask({ patienceMs }))
  assert.deepEqual(
    [first, second].map(({ upstream }) => upstream.settings.name),
    ['cloud', 'local'],
  )
})
