import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Upstream } from '../fleet/upstream.ts'
import { type Rig, rigOf, watched } from './rig.test-helper.ts'

const wish = { cloud: false, withinMs: 10_000 }

/** All servers have answered once, and how the first is left out. */
async function known(...of: Parameters<typeof rigOf>): Promise<Rig & { readonly butOne: ReadonlySet<Upstream> }> {
  const rig = rigOf(...of)
  const { scheduler, ask, fleet, world } = rig
  for (const upstream of fleet.upstreams) {
    const others = new Set(fleet.upstreams.filter((other) => other !== upstream))
    const lease = await scheduler.acquire(ask(), others)
    await world.advance(100)
    lease.end('served', { firstTokenMs: 50, usage: { promptTokens: 100, outputTokens: 10 } })
  }
  return { ...rig, butOne: new Set([fleet.upstreams[0]!]) }
}

test('an idle server is lent for a second try, and given back like any other place', async () => {
  const { scheduler, ask, butOne, fleet } = await known({ one: {}, two: {} })
  const lease = scheduler.tryAcquire(ask(), butOne, wish)
  assert.equal(lease?.upstream.settings.name, 'two')
  assert.equal(scheduler.tryAcquire(ask(), butOne, wish), undefined, 'it has one place')
  lease?.end('ignored')
  assert.equal(fleet.upstreams[1]!.inFlight, 0)
})

test('a second try never takes the place of someone who waits', async () => {
  const { scheduler, ask, world, butOne, fleet } = await known({ one: {}, two: {} })
  const first = await scheduler.acquire(ask(), new Set([fleet.upstreams[1]!]))
  // It may go to the first alone, and the second stands idle.
  const waiting = watched(scheduler.acquire(ask(), new Set([fleet.upstreams[1]!])))
  await world.settle()
  assert.equal(waiting.waits, true)
  assert.equal(scheduler.tryAcquire(ask(), butOne, wish), undefined)
  first.end('served')
  await world.settle()
  assert.ok(scheduler.tryAcquire(ask(), butOne, wish))
})

test('it leaves room for the next who comes', async () => {
  const { scheduler, ask, butOne, fleet } = await known({ one: {}, two: { concurrency: 3 } })
  const butTwo = new Set([fleet.upstreams[0]!])
  await scheduler.acquire(ask(), butTwo)
  assert.ok(scheduler.tryAcquire(ask(), butOne, wish))
  assert.equal(scheduler.tryAcquire(ask(), butOne, wish), undefined, 'one place of three is left')
})

test('it costs nothing unless it may, and then only for those who may go out', async () => {
  const { scheduler, ask, butOne } = await known({ one: {}, paid: { tier: 1, concurrency: 4 } })
  assert.equal(scheduler.tryAcquire(ask(), butOne, wish), undefined)
  assert.equal(scheduler.tryAcquire(ask({ cloud: 'never' }), butOne, { ...wish, cloud: true }), undefined)
  assert.ok(scheduler.tryAcquire(ask(), butOne, { ...wish, cloud: true }))
})

test('no model is loaded for it, and a server of which nothing is known is not tried', async () => {
  const { scheduler, ask, butOne, fleet } = await known({ one: {}, two: {} })
  fleet.upstreams[1]!.place('m').loaded = false
  assert.equal(scheduler.tryAcquire(ask(), butOne, wish), undefined)
  fleet.upstreams[1]!.place('m').loaded = true
  assert.ok(scheduler.tryAcquire(ask(), butOne, wish))
  const strange = rigOf({ one: {}, two: {} })
  const one = new Set([strange.fleet.upstreams[0]!])
  assert.equal(strange.scheduler.tryAcquire(strange.ask(), one, wish), undefined)
})

test('it goes only where it is expected to speak before as much time has passed again', async () => {
  const { scheduler, ask, butOne } = await known({ one: {}, two: {} })
  assert.equal(scheduler.tryAcquire(ask(), butOne, { ...wish, withinMs: 10 }), undefined)
  assert.ok(scheduler.tryAcquire(ask(), butOne, { ...wish, withinMs: 1_000 }))
})
