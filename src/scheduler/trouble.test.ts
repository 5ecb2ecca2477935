import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rigOf, watched } from './rig.test-helper.ts'

test('a server that is down gets no asks while another is up', async () => {
  const { scheduler, ask, fleet, world } = rigOf({ one: {}, two: {} })
  fleet.upstreams[0]!.up = false
  const lease = await scheduler.acquire(ask())
  assert.equal(lease.upstream.settings.name, 'two')
  const waiting = watched(scheduler.acquire(ask()))
  await world.settle()
  assert.equal(waiting.waits, true)
})

test('when all are down they are tried anyway, until their breakers open: late truth beats a refusal', async () => {
  const { scheduler, ask, fleet } = rigOf({ one: {} })
  fleet.upstreams[0]!.up = false
  fleet.upstreams[0]!.lastError = 'refuses connections'
  for (let tried = 0; tried < 3; tried += 1) (await scheduler.acquire(ask())).end('broke')
  await assert.rejects(scheduler.acquire(ask()), {
    kind: 'no-upstream',
    status: 503,
    retryAfterMs: 1_000,
    message: 'All servers that have the model "m" are down: one refuses connections.',
  })
})

test('one whose patience ends while all are down is tried anyway', async () => {
  const { scheduler, ask, world, fleet } = rigOf({ one: {} })
  const lease = await scheduler.acquire(ask())
  const waiting = watched(scheduler.acquire(ask({ patienceMs: 2_000 })))
  fleet.upstreams[0]!.up = false
  lease.end('broke')
  await world.advance(1_999)
  assert.equal(waiting.waits, true, 'until then the server may come back')
  await world.advance(1)
  assert.ok(waiting.lease)
})

test('who waits for a server that keeps failing is served when it has rested', async () => {
  const { scheduler, ask, world } = rigOf({ one: {} })
  for (let failures = 0; failures < 3; failures += 1) (await scheduler.acquire(ask())).end('broke')
  const waiting = watched(scheduler.acquire(ask()))
  const next = watched(scheduler.acquire(ask()))
  await world.advance(999)
  assert.equal(waiting.waits, true)
  await world.advance(1)
  assert.ok(waiting.lease)
  assert.equal(next.waits, true, 'one tries, the others wait for what it finds')
  waiting.lease.end('served')
  await world.settle()
  assert.ok(next.lease)
})

test('who waits for a server that said it was busy is served when it has cooled', async () => {
  const { scheduler, ask, world } = rigOf({ one: {} })
  ;(await scheduler.acquire(ask())).end('overloaded')
  const waiting = watched(scheduler.acquire(ask()))
  await world.advance(499)
  assert.equal(waiting.waits, true)
  await world.advance(1)
  assert.ok(waiting.lease)
})

test('who waits is served as soon as a server comes back', async () => {
  const { scheduler, ask, world, fleet } = rigOf({ one: { serve: new Map([['m', 'm']]) } })
  let works = false
  world.answer = () =>
    works ? Promise.resolve({ status: 200, headers: {}, body: bytes('["m"]') }) : Promise.reject(new Error('refused'))
  await fleet.start()
  for (let failures = 0; failures < 2; failures += 1) (await scheduler.acquire(ask())).end('broke')
  const stuck = await scheduler.acquire(ask())
  fleet.upstreams[0]!.up = true
  const waiting = watched(scheduler.acquire(ask()))
  fleet.upstreams[0]!.up = false
  stuck.end('broke')
  await world.settle()
  assert.equal(waiting.waits, true)
  works = true
  await world.advance(1_200)
  assert.ok(waiting.lease)
  assert.ok(waiting.lease.waitMs <= 1_200)
  fleet.stop()
})

test('who waits for a model that has vanished is told so', async () => {
  const { scheduler, ask, world, fleet } = rigOf({ one: { serve: undefined } })
  let models = '["m","n"]'
  world.answer = () => Promise.resolve({ status: 200, headers: {}, body: bytes(models) })
  await fleet.start()
  await scheduler.acquire(ask())
  const waiting = watched(scheduler.acquire(ask()))
  models = '["n"]'
  await world.advance(11_000)
  assert.equal(waiting.error?.kind, 'no-such-model')
  fleet.stop()
})

test('who waits follows his model to a server that begins to offer it', async () => {
  const { scheduler, ask, world, fleet } = rigOf({ one: {}, two: { serve: undefined } })
  let models = '[]'
  world.answer = () => Promise.resolve({ status: 200, headers: {}, body: bytes(models) })
  await fleet.start()
  await scheduler.acquire(ask())
  const waiting = watched(scheduler.acquire(ask()))
  models = '["m"]'
  await world.advance(11_000)
  assert.equal(waiting.lease?.upstream.settings.name, 'two')
  fleet.stop()
})

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}
