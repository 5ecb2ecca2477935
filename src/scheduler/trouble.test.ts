import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Health } from '../core/backend.ts'
import { Fault } from '../core/fault.ts'
import { plainBackend } from '../fleet/settings.test-helper.ts'
import { rigOf, serveFor, watched } from './rig.test-helper.ts'

test('a server that is down gets no asks while another is up', async () => {
  const { scheduler, ask, fleet, world } = rigOf({ one: {}, two: {} })
  fleet.upstreams[0]!.up = false
  const lease = await scheduler.acquire(ask())
  assert.equal(lease.upstream.settings.name, 'two')
  const waiting = watched(scheduler.acquire(ask()))
  await world.settle()
  assert.equal(waiting.waits, true)
})

test('when all are down they are tried anyway, one ask at a time once they have failed too often: none is the last to go', async () => {
  const { scheduler, ask, fleet } = rigOf({ one: { concurrency: 4 } })
  fleet.upstreams[0]!.up = false
  fleet.upstreams[0]!.lastError = 'refuses connections'
  for (let tried = 0; tried < 7; tried += 1) (await scheduler.acquire(ask())).end('broke')
  const trying = await scheduler.acquire(ask())
  await assert.rejects(scheduler.acquire(ask()), {
    kind: 'no-upstream',
    status: 503,
    retryAfterMs: 4_000,
    message: 'All servers that have the model "m" are down: one refuses connections.',
  })
  trying.end('served')
  ;(await scheduler.acquire(ask())).end('served')
})

test('a few resets and refusals do not take the only server out: whoever comes next is sent there at once', async () => {
  const { scheduler, ask, world } = rigOf({ one: {} })
  for (let failures = 0; failures < 4; failures += 1) {
    ;(await scheduler.acquire(ask())).end('broke')
    ;(await scheduler.acquire(ask())).end(failures % 2 === 0 ? 'ignored' : 'failed')
  }
  const next = watched(scheduler.acquire(ask()))
  await world.settle()
  assert.equal(next.lease?.waitMs, 0)
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
  for (let failures = 0; failures < 5; failures += 1) (await scheduler.acquire(ask())).end('broke')
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
  for (let failures = 0; failures < 4; failures += 1) (await scheduler.acquire(ask())).end('broke')
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

const both = new Map([
  ['m', 'm'],
  ['n', 'n'],
])

test('a model that fails again and again is left alone there, and the others on the same server are not', async () => {
  const { scheduler, ask, fleet } = rigOf({
    one: { concurrency: 4, serve: both },
    two: { concurrency: 4, serve: both },
  })
  const [one, two] = fleet.upstreams
  for (let failures = 0; failures < 5; failures += 1) {
    const lease = await scheduler.acquire(ask({ model: 'm' }), new Set([two!]))
    lease.end('failed')
  }
  assert.equal(one!.place('m').state(0), 'resting')
  assert.equal((await scheduler.acquire(ask({ model: 'm' }))).upstream, two)
  assert.equal((await scheduler.acquire(ask({ model: 'n' }), new Set([two!]))).upstream, one)
  assert.equal(one!.state(0), 'unknown', 'the server itself has done nothing wrong')
})

test('a server whose connections fail is left alone with all its models', async () => {
  const { scheduler, ask, fleet } = rigOf({
    one: { concurrency: 9, serve: both },
    two: { concurrency: 9, serve: both },
  })
  const [, two] = fleet.upstreams
  for (let failures = 0; failures < 5; failures += 1)
    (await scheduler.acquire(ask({ model: 'm' }), new Set([two!]))).end('broke')
  for (const model of ['m', 'n']) assert.equal((await scheduler.acquire(ask({ model }))).upstream, two)
})

for (const ending of ['overloaded', 'ignored'] as const) {
  test(`200 asks that end as ${ending} break nothing, and the next one is served`, async () => {
    const { scheduler, ask, fleet, world } = rigOf({ one: { concurrency: 2 } })
    for (let times = 0; times < 200; times += 1) {
      ;(await scheduler.acquire(ask())).end(ending)
      await world.advance(ending === 'overloaded' ? 8_000 : 0)
    }
    const [one] = fleet.upstreams
    const now = world.now()
    assert.deepEqual([one!.breaker.state(now), one!.place('m').breaker.state(now)], ['closed', 'closed'])
    ;(await scheduler.acquire(ask())).end('served')
  })
}

test('who waits for a server that says it is not ready yet waits as long as there is patience', async () => {
  let isReady = false
  const probe = (): Promise<Health> =>
    isReady ? Promise.resolve({ models: [{ id: 'm' }] }) : Promise.reject(new Fault('upstream-busy', 'Loading model'))
  const { scheduler, ask, world, fleet } = rigOf({ one: { backend: { ...plainBackend, probe } } })
  await fleet.start()
  assert.equal(fleet.upstreams[0]!.state(0), 'warming')
  const waiting = watched(scheduler.acquire(ask()))
  await world.advance(9_000)
  assert.equal(waiting.waits, true)
  isReady = true
  await world.advance(2_000)
  assert.ok(waiting.lease, 'it is seen within two seconds')
  fleet.stop()
})

test('a server that comes back is given its asks little by little, and never more than fit', async () => {
  const { scheduler, ask, world, fleet } = rigOf({ one: { concurrency: 8 } }, 5_000)
  let works = false
  world.answer = () =>
    works ? Promise.resolve({ status: 200, headers: {}, body: bytes('["m"]') }) : Promise.reject(new Error('refused'))
  await fleet.start()
  const [one] = fleet.upstreams
  for (let failures = 0; failures < 5; failures += 1) (await scheduler.acquire(ask())).end('broke')
  const trying = await scheduler.acquire(ask())
  one!.isWarming = true
  for (let count = 0; count < 2_000; count += 1) serveFor(world, scheduler.acquire(ask()), 400)
  assert.equal(one!.inFlight, 1)
  trying.end('broke')
  works = true
  const most: number[] = []
  for (let second = 0; second < 14; second += 1) {
    let seen = 0
    for (let slice = 0; slice < 20; slice += 1) {
      await world.advance(50)
      seen = Math.max(seen, one!.inFlight)
    }
    most.push(seen)
  }
  assert.ok(most[1]! <= 2, `at first ${most.join(' ')}`)
  assert.ok(
    most.every((count, at) => count <= 8 && (at === 0 || count >= most[at - 1]!)),
    most.join(' '),
  )
  assert.equal(most.at(-1), 8)
  fleet.stop()
})

test('a model that cannot be loaded is known: nobody is sent there, and who has no other place is told why', async () => {
  const backend = { ...plainBackend, load: () => Promise.reject(new Fault('upstream-broke', 'It ran out of memory.')) }
  const { scheduler, ask, world, fleet } = rigOf({ one: { backend, serve: both }, two: { serve: both } })
  const [one, two] = fleet.upstreams
  const place = one!.place('m')
  place.loaded = false
  await assert.rejects(one!.memory.bring({ ...one!.models()[0]! })!)
  assert.equal(place.state(0), 'unloadable')
  for (let count = 0; count < 5; count += 1) {
    const lease = await scheduler.acquire(ask({ model: 'm' }))
    assert.equal(lease.upstream, two)
    lease.end('served')
  }
  const alone = scheduler.acquire(ask({ model: 'm', patienceMs: 1_000 }), new Set([two!]))
  await assert.rejects(alone, {
    kind: 'no-upstream',
    retryAfterMs: 5_000,
    message: 'All servers that have the model "m" are down: one cannot load it (It ran out of memory.).',
  })
  await world.advance(5_000)
  const patient = await scheduler.acquire(ask({ model: 'm' }), new Set([two!]))
  const next = watched(scheduler.acquire(ask({ model: 'm' }), new Set([two!])))
  await world.settle()
  assert.equal(next.waits, true, 'one finds out whether it can be loaded after all')
  patient.end('served')
  await world.settle()
  assert.ok(next.lease)
})

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}
