import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Backend, ListedModel } from '../core/backend.ts'
import { answerOf } from '../fleet/fake-world.test-helper.ts'
import { plainBackend } from '../fleet/settings.test-helper.ts'
import { type Rig, rigOf, serveFor, watched } from './rig.test-helper.ts'

/** What each server has in memory, of three models; a look at it tells. */
type Memory = Record<string, string[]>

const models = ['a', 'b', 'c']
const serve = new Map(models.map((name) => [name, name]))

/** A kind of server that loads what it is told to, in two seconds, in place of what it had. */
function loading(loads: string[]): Backend {
  return {
    ...plainBackend,
    async probe(call) {
      const { json } = await call({ method: 'GET', path: '/models' })
      return { models: models.map((id): ListedModel => ({ id, loaded: (json as string[]).includes(id) })) }
    },
    async load(call, { model }) {
      await call({ method: 'POST', path: `/load/${model}`, afterMs: 2_000 })
      loads.push(model)
    },
  }
}

interface Den extends Rig {
  readonly memory: Memory
  readonly loads: string[]
  /** Servers that fail to load. */
  readonly broken: Set<string>
}

async function denOf(memory: Memory, more: Record<string, object> = {}): Promise<Den> {
  const loads: string[] = []
  const broken = new Set<string>()
  const backend = loading(loads)
  const rig = rigOf({
    ...Object.fromEntries(Object.keys(memory).map((name) => [name, { backend, serve }])),
    ...more,
  })
  rig.world.answer = ({ origin, path }) => {
    const name = origin.slice('http://'.length)
    const [, verb, model] = path.split('/')
    if (verb === 'load' && broken.has(name)) return Promise.reject(new Error('no memory'))
    if (verb === 'load') memory[name] = [model!]
    return Promise.resolve(answerOf(200, memory[name] ?? []))
  }
  const started = rig.fleet.start()
  await rig.world.advance(1)
  await started
  return { ...rig, memory, loads, broken }
}

/** As dispatch does it: a place that is given is made ready, and held for so long. */
function run({ world, scheduler, ask }: Den, model: string, tookMs: number, patienceMs = 60_000): { at?: number } {
  const seen: { at?: number } = {}
  void scheduler.acquire(ask({ model, patienceMs })).then(async (lease) => {
    await lease.upstream.ready(lease.model)
    seen.at = world.now()
    lease.spoke(world.now())
    await world.sleep(tookMs)
    lease.end('served', { firstTokenMs: 10, usage: { promptTokens: 100, outputTokens: 100 } })
  })
  return seen
}

test('a server that is asked for one model all the time is emptied for one who waits for another, and then returns', async () => {
  const den = await denOf({ box: ['a'] })
  const { world, fleet, loads } = den
  const { residency } = fleet.upstreams[0]!
  const runs: { at?: number }[] = []
  for (let second = 0; second < 60; second += 1) {
    runs.push(run(den, 'a', 800))
    if (second === 10) runs.push(run(den, 'b', 800))
    await world.advance(1_000)
  }
  await world.advance(60_000)
  assert.deepEqual(loads, ['b', 'a'])
  assert.ok(
    runs.every(({ at }) => at !== undefined),
    'all were served',
  )
  assert.equal(residency.turningTo, undefined)
  fleet.stop()
})

test('an ask for a model that would have to be loaded waits for one who is about to be done with it elsewhere', async () => {
  const den = await denOf({ one: ['a'], two: ['b'] })
  const first = run(den, 'a', 1_500)
  await den.world.advance(10)
  const second = run(den, 'a', 100)
  await den.world.advance(3_000)
  assert.ok(first.at! < 100 && second.at! < 1_700, `${second.at}`)
  assert.deepEqual(den.loads, [])
  den.fleet.stop()
})

test('a rare model comes in where what has to go for it is missed least', async () => {
  const den = await denOf({ popular: ['a'], quiet: ['c'] })
  run(den, 'c', 50)
  for (let at = 0; at < 40; at += 1) {
    run(den, 'a', 50)
    await den.world.advance(500)
  }
  const cold = watched(den.scheduler.acquire(den.ask({ model: 'b', patienceMs: 60_000 })))
  await den.world.advance(10_000)
  assert.equal(cold.lease?.upstream.settings.name, 'quiet')
  den.fleet.stop()
})

test('who leaves while a server is being emptied for him gives it back to those who were held off', async () => {
  const den = await denOf({ box: ['a'] })
  const { world, fleet, scheduler, ask } = den
  const { residency } = fleet.upstreams[0]!
  run(den, 'a', 5_000)
  await world.advance(10)
  const gone = new AbortController()
  const cold = watched(scheduler.acquire(ask({ model: 'b', patienceMs: 1_000_000, signal: gone.signal })))
  await world.advance(4_000)
  const held = run(den, 'a', 100)
  await world.advance(10)
  assert.equal(residency.turningTo?.model, 'b')
  gone.abort()
  await world.advance(10)
  assert.equal(cold.error?.kind, 'cancelled')
  assert.equal(residency.turningTo, undefined)
  await world.advance(1_100)
  assert.ok(held.at! < 5_200, `${held.at}`)
  fleet.stop()
})

test('one who is in a hurry goes to the cloud rather than wait for a load, and one who can wait does not', async () => {
  const den = await denOf({ box: ['a'] }, { cloud: { tier: 1, serve } })
  const hurried = watched(den.scheduler.acquire(den.ask({ model: 'b', patienceMs: 1_000 })))
  const patient = watched(den.scheduler.acquire(den.ask({ model: 'b', patienceMs: 60_000 })))
  await den.world.advance(10)
  assert.equal(hurried.lease?.upstream.settings.name, 'cloud')
  assert.equal(patient.lease?.upstream.settings.name, 'box')
  den.fleet.stop()
})

test('what leaves for the cloud again and again is loaded at home, though nobody waits for it there', async () => {
  const den = await denOf({ box: ['a'] }, { cloud: { tier: 1, serve } })
  for (let at = 0; at < 30; at += 1) {
    serveFor(den.world, den.scheduler.acquire(den.ask({ model: 'b', patienceMs: 1_000 })), 100)
    await den.world.advance(500)
  }
  assert.deepEqual(den.loads, ['b'])
  const next = watched(den.scheduler.acquire(den.ask({ model: 'b', patienceMs: 1_000 })))
  await den.world.settle()
  assert.equal(next.lease?.upstream.settings.name, 'box')
  den.fleet.stop()
})

test('a load that nobody waits for and that fails is told, and not begun again at once', async () => {
  const den = await denOf({ box: ['a'] }, { cloud: { tier: 1, serve } })
  den.broken.add('box')
  for (let at = 0; at < 100; at += 1) {
    serveFor(den.world, den.scheduler.acquire(den.ask({ model: 'b', patienceMs: 1_000 })), 100)
    await den.world.advance(500)
  }
  const notices = den.events.filter(({ type }) => type === 'notice')
  assert.equal(notices.length, 1)
  assert.match(JSON.stringify(notices), /box: b could not be loaded: /)
  den.fleet.stop()
})

test('a model that others would miss for longer than somebody cares to wait is not thrown out for him while a cloud is open', async () => {
  const den = await denOf({ box: ['a'] }, { cloud: { tier: 1, serve } })
  for (let at = 0; at < 60; at += 1) {
    run(den, 'a', 50)
    await den.world.advance(500)
  }
  const cold = watched(den.scheduler.acquire(den.ask({ model: 'b', patienceMs: 10_000 })))
  await den.world.advance(10)
  assert.equal(cold.lease?.upstream.settings.name, 'cloud')
  assert.deepEqual(den.loads, [])
  den.fleet.stop()
})
