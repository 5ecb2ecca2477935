import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event } from '../core/event.ts'
import { lengthOf } from '../core/length.ts'
import type { UpstreamSettings } from '../core/settings.ts'
import { NetFault } from '../core/world.ts'
import { answerOf, FakeWorld } from './fake-world.test-helper.ts'
import { Fleet } from './fleet.ts'
import { anything, plainBackend, settingsOf } from './settings.test-helper.ts'
import type { Upstream } from './upstream.ts'

type Behaviour = readonly string[] | 'refuses' | 'hangs' | number

/** Servers that answer as told, and a fleet that probes them every ten seconds. */
function fleetOf(behaviours: Record<string, Behaviour>, more: Record<string, Partial<UpstreamSettings>> = {}) {
  const world = new FakeWorld()
  const events: Event[] = []
  const probes: string[] = []
  world.answer = ({ origin, signal }) => {
    const name = origin.slice('http://'.length)
    probes.push(`${name}@${world.now()}`)
    const behaviour = behaviours[name]!
    if (behaviour === 'refuses') return Promise.reject(new NetFault('refused', 'refused', { unsent: true }))
    if (behaviour === 'hangs') {
      return new Promise((_, reject) => {
        signal!.addEventListener('abort', () => reject(new NetFault('aborted', 'aborted')))
      })
    }
    return Promise.resolve(typeof behaviour === 'number' ? answerOf(behaviour, 'no') : answerOf(200, behaviour))
  }
  const upstreams = Object.keys(behaviours).map((name) => settingsOf(name, more[name]))
  const fleet = new Fleet({
    upstreams,
    world,
    emit: (event) => events.push(event),
    probeEveryMs: 10_000,
    canOf: anything,
  })
  const changes = (): string[] =>
    events.map((event) =>
      event.type === 'upstream-changed' ? `${event.upstream} ${event.up ? 'up' : 'down'}: ${event.reason}` : event.type,
    )
  return { fleet, world, behaviours, probes, changes }
}

test('after the first round it knows who serves what', async () => {
  const { fleet, changes } = fleetOf({ one: ['a', 'b'], two: ['b', 'C'] })
  await fleet.start()
  assert.equal(fleet.probed, true)
  assert.equal(fleet.anyUp, true)
  assert.deepEqual(
    fleet.serving('b').map(({ settings }) => settings.name),
    ['one', 'two'],
  )
  assert.deepEqual(
    fleet.serving('c').map(({ settings }) => settings.name),
    ['two'],
  )
  assert.deepEqual(fleet.serving('nothing'), [])
  assert.deepEqual(
    fleet.models().map(({ name, upstreams }) => [name, upstreams]),
    [
      ['C', ['two']],
      ['a', ['one']],
      ['b', ['one', 'two']],
    ],
  )
  assert.deepEqual(changes(), ['one up: It answers and serves 2 models.', 'two up: It answers and serves 2 models.'])
  fleet.stop()
})

test('all spellings of one model share one offering', async () => {
  const { fleet } = fleetOf({ one: ['A'] })
  await fleet.start()
  assert.ok(fleet.offering('A') !== undefined)
  assert.equal(fleet.offering('a'), fleet.offering('A'))
  fleet.stop()
})

test('the first round waits three seconds for a server that hangs, and not longer', async () => {
  const { fleet, world } = fleetOf({ one: ['a'], two: 'hangs' })
  let over = false
  void fleet.start().then(() => (over = true))
  await world.advance(2_999)
  assert.equal(over, false)
  await world.advance(1)
  assert.equal(over, true)
  assert.deepEqual(
    fleet.upstreams.map(({ up }) => up),
    [true, false],
  )
  fleet.stop()
})

test('before it was ever probed, an upstream with `serve` offers its names', () => {
  const { fleet } = fleetOf({ one: ['a'] }, { one: { serve: new Map([['x', 'a']]) } })
  assert.equal(fleet.serving('x').length, 1)
  assert.equal(fleet.upstreams[0]!.allows(0), true)
})

test('a server that goes down is noticed, keeps its models in mind, and is found again within two seconds of being back', async () => {
  const { fleet, world, behaviours, changes } = fleetOf({ one: ['a'] })
  await fleet.start()
  behaviours['one'] = 'refuses'
  await world.advance(11_000)
  const [upstream] = fleet.upstreams
  assert.equal(upstream!.up, false)
  assert.equal(upstream!.lastError, 'refuses connections')
  assert.equal(fleet.serving('a').length, 1)
  assert.deepEqual(fleet.models(), [])
  for (let failures = 0; failures < 5; failures += 1) upstream!.breaker.ended('broke', world.now() + 20_000, false)
  behaviours['one'] = ['a']
  await world.advance(1_500)
  assert.equal(upstream!.up, true)
  assert.equal(upstream!.breaker.state(world.now()), 'closed')
  assert.deepEqual(changes().slice(1), ['one down: It refuses connections.', 'one up: It answers and serves 1 model.'])
  fleet.stop()
})

test('a breaker that opens has its server probed at once', async () => {
  const { fleet, world, behaviours } = fleetOf({ one: ['a'] })
  await fleet.start()
  const [upstream] = fleet.upstreams
  behaviours['one'] = 'refuses'
  const guest = { promptTokens: 1, length: lengthOf(1, 0.1), stream: true }
  for (let failures = 0; failures < 5; failures += 1) {
    const place = upstream!.place('a')
    upstream!.end(place, upstream!.begin(place, guest, 0), 'broke', { firstTokenMs: undefined, outputTokens: 0 }, 0)
  }
  await world.settle()
  assert.equal(upstream!.up, false)
  fleet.stop()
})

test('one late answer of a busy server does not make it down, a second does', async () => {
  const { fleet, world, behaviours } = fleetOf({ one: ['a'] })
  await fleet.start()
  behaviours['one'] = 'hangs'
  await world.advance(13_100)
  assert.equal(fleet.upstreams[0]!.up, true)
  await world.advance(13_100)
  assert.equal(fleet.upstreams[0]!.up, false)
  fleet.stop()
})

test('new and vanished models are served and told', async () => {
  const { fleet, world, behaviours, changes } = fleetOf({ one: ['a', 'b'] })
  await fleet.start()
  let told = 0
  fleet.watch(() => (told += 1))
  behaviours['one'] = ['b', 'c']
  await world.advance(11_000)
  assert.equal(told, 1)
  assert.equal(fleet.serving('a').length, 0)
  assert.equal(fleet.serving('c').length, 1)
  assert.equal(changes().at(-1), 'one up: It now serves c and no longer serves a.')
  fleet.stop()
})

test('a server that answers with an error is down, with its reason', async () => {
  const { fleet } = fleetOf({ one: 500 })
  await fleet.start()
  assert.equal(fleet.upstreams[0]!.up, false)
  assert.equal(fleet.upstreams[0]!.lastError, 'failed its probe: it answered 500')
  fleet.stop()
})

test('after stop nothing waits for the clock and nobody is probed', async () => {
  const { fleet, world, probes } = fleetOf({ one: ['a'], two: 'refuses' })
  await fleet.start()
  await world.advance(25_000)
  fleet.stop()
  await world.settle()
  assert.equal(world.sleeping, 0)
  const before = probes.length
  await world.advance(60_000)
  assert.equal(probes.length, before)
})

test('what one upstream can hold at least is what the fleet promises', async () => {
  const probe = (contextTokens: number) => () =>
    Promise.resolve({ models: [{ id: 'a', contextTokens, loaded: contextTokens > 5_000 }] })
  const { fleet } = fleetOf(
    { one: [], two: [] },
    {
      one: { backend: { ...plainBackend, probe: probe(8_192) } },
      two: { backend: { ...plainBackend, probe: probe(4_096) } },
    },
  )
  await fleet.start()
  const [model] = fleet.models()
  assert.equal(model!.contextTokens, 4_096)
  assert.equal(model!.loaded, true)
  fleet.stop()
})

test('a server that tells how busy it is is asked that every second, while it is in use and its limit finds itself', async () => {
  const asked: number[] = []
  let running = 0
  const backend: UpstreamSettings['backend'] = {
    ...plainBackend,
    probe: () => Promise.resolve({ models: [{ id: 'a', slots: 4 }], gauge: { running, waiting: 0 } }),
    gauge: () => {
      asked.push(world.now())
      return Promise.resolve({ running, waiting: 0 })
    },
  }
  const { fleet, world } = fleetOf({ one: [], fixed: [] }, { one: { backend }, fixed: { backend, concurrency: 2 } })
  let changed = 0
  fleet.watch(() => (changed += 1))
  await fleet.start()
  const [one, fixed] = fleet.upstreams as [Upstream, Upstream]
  changed = 0
  await world.advance(9_000)
  assert.deepEqual(asked, [])
  const guest = { promptTokens: 100, length: lengthOf(50, 0.1), stream: true }
  for (const upstream of [one, fixed]) upstream.begin(upstream.place('a'), guest, world.now())
  running = 4
  await world.advance(11_000)
  assert.ok(asked.length >= 8 && asked.length <= 10, `${asked.length} times`)
  assert.equal(one.place('a').limit.value, 1)
  assert.equal(changed, 0)
  running = 1
  await world.advance(3_000)
  assert.equal(one.place('a').limit.value, 4)
  assert.equal(changed, 1, 'who waits learns that there is room')
  fleet.stop()
  await world.settle()
  assert.equal(world.sleeping, 0)
})
