import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { callerOf, rigOf, serveFor, watched } from './rig.test-helper.ts'

test('where there is room an ask is served at once', async () => {
  const { scheduler, ask } = rigOf({ box: {} })
  const lease = await scheduler.acquire(ask())
  assert.equal(lease.upstream.settings.name, 'box')
  assert.equal(lease.model.id, 'm')
  assert.equal(lease.waitMs, 0)
  assert.equal(lease.spilled, false)
  assert.equal(lease.decision, 'direct')
})

test('an ask is bound only when an upstream has room: whoever is free first takes it', async () => {
  const { world, scheduler, ask } = rigOf({ one: {}, two: {} })
  const first = await scheduler.acquire(ask())
  const second = await scheduler.acquire(ask())
  assert.notEqual(first.upstream, second.upstream)
  const third = watched(scheduler.acquire(ask()))
  second.upstream.place('m').loaded = true
  await world.advance(1_200)
  assert.equal(third.waits, true)
  second.end('served')
  await world.settle()
  assert.equal(third.lease?.upstream, second.upstream)
  assert.equal(third.lease?.waitMs, 1_200)
  assert.equal(third.lease?.decision, 'queued 1.2s; loaded')
})

test('ending a lease twice gives back one place', async () => {
  const { world, scheduler, ask } = rigOf({ box: {} })
  const lease = await scheduler.acquire(ask())
  const waiting = [watched(scheduler.acquire(ask())), watched(scheduler.acquire(ask()))]
  lease.end('served')
  lease.end('served')
  lease.end('broke')
  await world.settle()
  assert.equal(waiting.filter(({ lease: granted }) => granted !== undefined).length, 1)
  assert.equal(lease.upstream.inFlight, 1)
})

test('an unknown model is refused with the names of some that are known', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
  const { scheduler, ask } = rigOf({ box: { serve: new Map(names.map((name) => [name, name])) } })
  await assert.rejects(scheduler.acquire(ask({ model: 'zzz' })), {
    kind: 'no-such-model',
    status: 404,
    message: 'No server has the model "zzz". Available: a, b, c, d, e and 2 more.',
  })
})

test('a caller is told only of models he may use', async () => {
  const { scheduler, ask } = rigOf({
    box: {
      serve: new Map([
        ['a', 'a'],
        ['b', 'b'],
      ]),
    },
  })
  const caller = callerOf('someone', { models: new Set(['b']) })
  await assert.rejects(scheduler.acquire(ask({ model: 'zzz', caller })), {
    message: 'No server has the model "zzz". Available: b.',
  })
})

test('before any server has said what it lists, no model is called unknown', async () => {
  const { scheduler, ask } = rigOf({ box: { serve: undefined } })
  await assert.rejects(scheduler.acquire(ask()), { kind: 'no-upstream', status: 503, retryAfterMs: 1_000 })
})

test('when all that have the model were tried already, nobody is left', async () => {
  const { scheduler, ask, fleet } = rigOf({ one: {}, two: {} })
  await assert.rejects(scheduler.acquire(ask(), new Set(fleet.upstreams)), { kind: 'no-upstream' })
})

test('what was tried already is not tried again', async () => {
  const { scheduler, ask, fleet, world } = rigOf({ one: {}, two: {} })
  const avoid = new Set([fleet.upstreams[0]!])
  const lease = await scheduler.acquire(ask(), avoid)
  assert.equal(lease.upstream.settings.name, 'two')
  assert.equal(lease.decision, 'direct; retry')
  const waiting = watched(scheduler.acquire(ask(), avoid))
  await world.settle()
  assert.equal(waiting.waits, true)
})

test('one who was let down goes before those who wait', async () => {
  const { scheduler, ask, fleet, world } = rigOf({ one: {}, two: {} })
  const [, two] = [await scheduler.acquire(ask()), await scheduler.acquire(ask())]
  const early = watched(scheduler.acquire(ask()))
  const retried = watched(scheduler.acquire(ask(), new Set([fleet.upstreams[0]!])))
  two.end('served')
  await world.settle()
  assert.equal(early.waits, true)
  assert.equal(retried.lease?.upstream.settings.name, 'two')
})

test('a full queue refuses, and says when to come back by how fast it drains', async () => {
  const { scheduler, ask, world } = rigOf({ box: {} }, 3)
  for (let served = 0; served < 20; served += 1) {
    serveFor(world, scheduler.acquire(ask()), 4_000)
    await world.advance(4_000)
  }
  await scheduler.acquire(ask())
  for (let waiting = 0; waiting < 3; waiting += 1) watched(scheduler.acquire(ask()))
  assert.equal(scheduler.waiting, 3)
  const refused = watched(scheduler.acquire(ask()))
  await world.settle()
  assert.equal(refused.error?.kind, 'queue-full')
  assert.ok(
    refused.error.retryAfterMs! > 9_000 && refused.error.retryAfterMs! < 15_000,
    `${refused.error.retryAfterMs}`,
  )
  assert.equal(scheduler.waiting, 3)
})

test('an ask waits for as long as its patience allows, counted from its arrival', async () => {
  const { scheduler, ask, world } = rigOf({ box: {} })
  await scheduler.acquire(ask())
  const long = watched(scheduler.acquire(ask({ patienceMs: 9_000 })))
  const short = watched(scheduler.acquire(ask({ patienceMs: 2_000 })))
  await world.advance(1_999)
  assert.equal(short.waits, true)
  await world.advance(1)
  assert.equal(short.error?.kind, 'patience-spent')
  assert.ok(short.error.retryAfterMs! >= 1_000)
  assert.equal(long.waits, true)
  await world.advance(7_000)
  assert.equal(long.error?.kind, 'patience-spent')
  assert.equal(scheduler.waiting, 0)
  assert.equal(world.sleeping, 0, 'no timer is left behind')
})

test('one whose patience is spent already is still served where there is room, and never waits', async () => {
  const { scheduler, ask, world } = rigOf({ box: {} })
  await world.advance(5_000)
  await scheduler.acquire(ask({ arrivedAt: 0, patienceMs: 1_000 }))
  await assert.rejects(scheduler.acquire(ask({ arrivedAt: 0, patienceMs: 1_000 })), {
    kind: 'patience-spent',
    status: 429,
  })
})

test('a caller who goes away leaves the queue at once', async () => {
  const { scheduler, ask, world } = rigOf({ box: {} })
  const lease = await scheduler.acquire(ask())
  const going = new AbortController()
  const gone = watched(scheduler.acquire(ask({ signal: going.signal })))
  const next = watched(scheduler.acquire(ask()))
  going.abort()
  await world.settle()
  assert.equal(gone.error?.kind, 'cancelled')
  assert.equal(scheduler.waiting, 1)
  lease.end('served')
  await world.settle()
  assert.ok(next.lease)
})

test('a caller who has gone already is refused, though there is room', async () => {
  const { scheduler, ask } = rigOf({ box: {} })
  await assert.rejects(scheduler.acquire(ask({ signal: AbortSignal.abort() })), { kind: 'cancelled' })
})

test('a signal is not listened to any more once its ask is served, and no timer is kept for nobody', async () => {
  const { scheduler, ask, world } = rigOf({ box: {} })
  const lease = await scheduler.acquire(ask())
  const { signal } = new AbortController()
  const waiting = watched(scheduler.acquire(ask({ signal })))
  assert.equal(getEventListeners(signal, 'abort').length, 1)
  assert.equal(world.sleeping, 1)
  lease.end('served')
  await world.settle()
  assert.ok(waiting.lease)
  assert.equal(getEventListeners(signal, 'abort').length, 0)
  assert.equal(world.sleeping, 0)
})

test('who waits and who is served is told, and nothing else', async () => {
  const { scheduler, ask, events, world } = rigOf({ box: {} })
  const lease = await scheduler.acquire(ask())
  watched(scheduler.acquire(ask()))
  watched(scheduler.acquire(ask()))
  await world.advance(500)
  lease.end('served')
  assert.deepEqual(
    events.map((event) =>
      event.type === 'ask-queued'
        ? `queued behind ${event.ahead}`
        : event.type === 'ask-granted'
          ? `granted after ${event.waitMs}`
          : event.type,
    ),
    ['granted after 0', 'queued behind 0', 'queued behind 1', 'granted after 500'],
  )
  assert.equal(scheduler.waiting, 1)
})

test('two names for one model wait in one queue', async () => {
  const { scheduler, ask, world } = rigOf({
    box: {
      serve: new Map([
        ['m', 'm'],
        ['other', 'm'],
      ]),
    },
  })
  const lease = await scheduler.acquire(ask())
  const waiting = ['other', 'm', 'other'].map((model) => watched(scheduler.acquire(ask({ model }))))
  lease.end('served')
  await world.settle()
  assert.deepEqual(
    waiting.map(({ waits }) => waits),
    [false, true, true],
  )
})

test('queues that share only some of their servers take turns on them', async () => {
  const both = new Map([
    ['m', 'm'],
    ['other', 'm'],
  ])
  const { scheduler, ask, world } = rigOf({ one: {}, two: { serve: both } })
  await scheduler.acquire(ask())
  let serving = await scheduler.acquire(ask())
  const order: string[] = []
  for (const model of ['m', 'm', 'm', 'other', 'other']) {
    void scheduler.acquire(ask({ model })).then((lease) => {
      order.push(model)
      serving = lease
    })
  }
  for (let served = 0; served < 5; served += 1) {
    serving.end('served')
    await world.settle()
  }
  assert.deepEqual(order, ['m', 'other', 'm', 'other', 'm'])
})

test('when several places become free at once, such queues share them', async () => {
  const both = new Map([
    ['m', 'm'],
    ['other', 'm'],
  ])
  const { scheduler, ask, world } = rigOf({ one: {}, two: { serve: both, concurrency: 2 } })
  const busy = [await scheduler.acquire(ask()), await scheduler.acquire(ask()), await scheduler.acquire(ask())]
  const waiting = ['m', 'm', 'm', 'other'].map((model) => watched(scheduler.acquire(ask({ model }))))
  for (const lease of busy) if (lease.upstream.settings.name === 'two') lease.end('overloaded')
  await world.advance(500)
  assert.deepEqual(
    waiting.map(({ waits }) => waits),
    [false, true, true, false],
  )
})

test('a model that nobody waits for is not held up by thousands who wait for another', async () => {
  const { scheduler, ask } = rigOf(
    {
      box: {
        serve: new Map([
          ['m', 'm'],
          ['free', 'free'],
        ]),
      },
    },
    5_000,
  )
  await scheduler.acquire(ask())
  for (let waiting = 0; waiting < 3_000; waiting += 1) watched(scheduler.acquire(ask()))
  const lease = await scheduler.acquire(ask({ model: 'free' }))
  assert.equal(lease.model.name, 'free')
})

test('who waits can be told its place and when its turn is expected, and who does not wait has none', async () => {
  const { scheduler, ask, world } = rigOf({ one: {} })
  const first = await scheduler.acquire(ask())
  const asks = [ask(), ask(), ask()].map((one) => ({ ...one, signal: new AbortController().signal }))
  for (const one of asks) void scheduler.acquire(one)
  const places = asks.map((one) => scheduler.position({ ...one })!)
  assert.deepEqual(
    places.map(({ ahead }) => ahead),
    [0, 1, 2],
  )
  const [soon, later, last] = places.map(({ firstTokenMs }) => firstTokenMs!)
  assert.ok(0 < soon! && soon! < later! && later! < last!, `${soon} ${later} ${last}`)
  assert.equal(scheduler.position(ask()), undefined)
  first.end('served', { firstTokenMs: 1, usage: { promptTokens: 1, outputTokens: 1 } })
  await world.settle()
  assert.equal(scheduler.position(asks[0]!), undefined)
  assert.equal(scheduler.position(asks[1]!)!.ahead, 0)
})
