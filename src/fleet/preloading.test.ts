import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Backend, ListedModel } from '../core/backend.ts'
import type { Event } from '../core/event.ts'
import type { UpstreamSettings } from '../core/settings.ts'
import { answerOf, FakeWorld } from './fake-world.test-helper.ts'
import { Fleet } from './fleet.ts'
import { anything, plainBackend, settingsOf } from './settings.test-helper.ts'

/** A server that has three models, holds so many in memory, and loads one in a second unless it fails to. */
function boxOf(preload: readonly string[], { holds = 2, fails = false }: { holds?: number; fails?: boolean } = {}) {
  const world = new FakeWorld()
  const state = { inMemory: [] as string[], loads: [] as string[], fails }
  const events: Event[] = []
  const backend: Backend = {
    ...plainBackend,
    async probe(call) {
      const { json } = await call({ method: 'GET', path: '/models' })
      const loaded = new Set(json as string[])
      return { models: ['a', 'b', 'c'].map((id): ListedModel => ({ id, loaded: loaded.has(id) })) }
    },
    async load(call, { model }) {
      const { status } = await call({ method: 'POST', path: `/load/${model}`, afterMs: 1_000 })
      if (status !== 200) throw new Error('no memory')
    },
  }
  world.answer = ({ path }) => {
    const [, verb, model] = path.split('/')
    if (verb === 'load') {
      state.loads.push(model!)
      if (state.fails) return Promise.resolve(answerOf(500, 'no'))
      state.inMemory = [...state.inMemory.filter((each) => each !== model), model!].slice(-holds)
    }
    return Promise.resolve(answerOf(200, state.inMemory))
  }
  const settings: UpstreamSettings = settingsOf('box', { backend, preload })
  const emit = (event: Event): void => void events.push(event)
  const fleet = new Fleet({ upstreams: [settings], world, emit, probeEveryMs: 10_000, canOf: anything })
  const notices = (): string[] => events.flatMap((event) => (event.type === 'notice' ? [event.text] : []))
  return { world, fleet, state, notices, upstream: fleet.upstreams[0]! }
}

async function started(...args: Parameters<typeof boxOf>): Promise<ReturnType<typeof boxOf>> {
  const box = boxOf(...args)
  const ready = box.fleet.start()
  await box.world.advance(1)
  await ready
  return box
}

test('models that are to be there are loaded at the start, one after the other', async () => {
  const { world, state, fleet, notices } = await started(['b', 'a'])
  await world.advance(1_100)
  assert.deepEqual(state.loads, ['b'])
  await world.advance(1_100)
  assert.deepEqual([state.loads, state.inMemory, notices()], [['b', 'a'], ['b', 'a'], []])
  fleet.stop()
})

test('one that has gone is loaded again when the server stands idle', async () => {
  const { world, state, fleet, upstream } = await started(['a'])
  await world.advance(2_000)
  const guest = { promptTokens: 10, cachedTokens: 0, length: { mean: 10, sigma: 0 }, stream: true }
  const place = upstream.place('c')
  const stay = upstream.begin(place, guest as never, world.now())
  state.inMemory = ['c']
  await world.advance(20_000)
  assert.deepEqual(state.loads, ['a'])
  upstream.end(place, stay, 'served', { firstTokenMs: 10, outputTokens: 10 }, world.now())
  await world.advance(20_000)
  assert.deepEqual(
    [state.loads, state.inMemory],
    [
      ['a', 'a'],
      ['c', 'a'],
    ],
  )
  fleet.stop()
})

test('a load that fails is told, is no reason to stop, and is tried again, ever more seldom', async () => {
  const { world, state, fleet, notices, upstream } = await started(['a'], { fails: true })
  await world.advance(59_000)
  assert.deepEqual([state.loads.length, upstream.up], [1, true])
  assert.match(notices()[0]!, /^box: a of models\.preload is not in memory: /)
  await world.advance(240_000)
  assert.equal(state.loads.length, 3)
  state.fails = false
  await world.advance(600_000)
  assert.deepEqual(state.inMemory, ['a'])
  fleet.stop()
})

test('of models that turn out not to fit together none is thrown out for the other again, and it is told', async () => {
  const { world, state, fleet, notices } = await started(['a', 'b'], { holds: 1 })
  await world.advance(120_000)
  assert.deepEqual([state.loads, state.inMemory], [['a', 'b'], ['b']])
  assert.match(notices()[0]!, /^box: a of models\.preload is not in memory: it does not fit/)
  fleet.stop()
})

test('what is to be there may be called by any of its names', async () => {
  const { world, state, fleet } = await started(['A', 'nobody-has-this'])
  await world.advance(5_000)
  assert.deepEqual(state.loads, ['a'])
  fleet.stop()
})
