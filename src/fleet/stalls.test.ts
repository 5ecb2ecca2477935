import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Backend } from '../core/backend.ts'
import type { Event } from '../core/event.ts'
import { lengthOf } from '../core/length.ts'
import type { UpstreamSettings } from '../core/settings.ts'
import { NetFault } from '../core/world.ts'
import { FakeWorld } from './fake-world.test-helper.ts'
import { Fleet } from './fleet.ts'
import type { Stay } from './place.ts'
import { anything, plainBackend, settingsOf } from './settings.test-helper.ts'

const guest = { promptTokens: 100, length: lengthOf(50, 0.1), stream: true }

interface Scene {
  readonly world: FakeWorld
  readonly stays: readonly Stay[]
  /** Which of those under way were told that nothing more comes, and when. */
  readonly told: number[]
  readonly stalls: () => number
  readonly place: ReturnType<Fleet['upstreams'][number]['place']>
}

/** A server whose pace is known, with two answers under way of which nothing comes from now on. */
async function hung(
  backend: Partial<Backend>,
  more: Partial<UpstreamSettings> & { shows?: boolean; isHeldUp?: boolean; loaded?: boolean } = {},
): Promise<Scene> {
  const { shows = true, isHeldUp = false, loaded = true } = more
  const world = new FakeWorld()
  const events: Event[] = []
  const probe: Backend['probe'] = () => Promise.resolve({ models: [{ id: 'm', loaded }] })
  const settings = settingsOf('box', { backend: { ...plainBackend, probe, ...backend }, concurrency: 4, ...more })
  const emit = (event: Event): void => void events.push(event)
  const fleet = new Fleet({ upstreams: [settings], world, emit, probeEveryMs: 10_000, canOf: anything })
  await fleet.start()
  const [upstream] = fleet.upstreams
  const place = upstream!.place('m')
  for (let answers = 0; answers < 6; answers += 1) {
    const stay = upstream!.begin(place, guest, world.now())
    await world.advance(1_000)
    upstream!.end(place, stay, 'served', { firstTokenMs: 500, outputTokens: 50 }, world.now())
  }
  const told: number[] = []
  const stays = [0, 1].map((at) => {
    const stay = upstream!.begin(place, guest, world.now())
    const stalled = (): void => {
      told.push(at)
      upstream!.end(place, stay, 'failed', { firstTokenMs: undefined, outputTokens: 0 }, world.now())
    }
    stay.holder = { shows, isHeldUp, stalled }
    return stay
  })
  return { world, stays, told, place, stalls: () => events.filter(({ type }) => type === 'upstream-stalled').length }
}

test('what the server itself says to hang is told to all who wait at once, and brought back', async () => {
  let revived = 0
  const scene = await hung({
    isAtWork: () => Promise.resolve(false),
    revive: () => {
      revived += 1
      return Promise.resolve()
    },
  })
  await scene.world.advance(14_000)
  assert.deepEqual(scene.told, [])
  await scene.world.advance(2_500)
  assert.deepEqual([scene.told, scene.stalls(), revived], [[0, 1], 1, 1])
  assert.equal(scene.place.state(scene.world.now()), 'well')
})

test('what the server says to be at work is left alone, however long nothing comes', async () => {
  const scene = await hung({ isAtWork: () => Promise.resolve(true) })
  await scene.world.advance(3_600_000)
  assert.deepEqual([scene.told, scene.stalls()], [[], 0])
})

test('where nobody can be asked, silence has to last twice as long, and who cannot be brought back is left alone', async () => {
  const scene = await hung({})
  await scene.world.advance(28_000)
  assert.deepEqual(scene.told, [])
  await scene.world.advance(4_000)
  assert.deepEqual(scene.told, [0, 1])
  assert.equal(scene.place.state(scene.world.now()), 'resting')
})

test('a server that is silent and does not answer its probes either is given no more time', async () => {
  let probes = 0
  const probe: Backend['probe'] = () => {
    probes += 1
    if (probes > 1) return Promise.reject(new NetFault('timeout', 'no answer'))
    return Promise.resolve({ models: [{ id: 'm', loaded: true }] })
  }
  const scene = await hung({ probe })
  await scene.world.advance(14_000)
  assert.deepEqual(scene.told, [])
  await scene.world.advance(6_000)
  assert.deepEqual(scene.told, [0, 1])
})

test('what stands still because nobody reads it says nothing of its server', async () => {
  const scene = await hung({ isAtWork: () => Promise.resolve(false) }, { isHeldUp: true })
  await scene.world.advance(600_000)
  assert.deepEqual([scene.told, scene.stalls()], [[], 0])
})

test('a beat of one is a sign of life of all', async () => {
  const scene = await hung({ isAtWork: () => Promise.resolve(false) })
  for (let seconds = 0; seconds < 120; seconds += 10) {
    await scene.world.advance(10_000)
    scene.place.pulse.beat(scene.world.now())
  }
  assert.deepEqual(scene.told, [])
})

test('an answer that does not show itself before it is whole is given far more time', async () => {
  const scene = await hung({}, { shows: false })
  await scene.world.advance(34_000)
  assert.deepEqual(scene.told, [])
})

test('a server that costs money is many machines, and its silences mean nothing', async () => {
  const scene = await hung({ isAtWork: () => Promise.resolve(false) }, { tier: 1 })
  await scene.world.advance(600_000)
  assert.deepEqual([scene.told, scene.stalls()], [[], 0])
})

test('while something is loaded there, silence is no sign', async () => {
  const scene = await hung({ isAtWork: () => Promise.resolve(false) }, { loaded: false })
  await scene.world.advance(600_000)
  assert.deepEqual(scene.told, [])
})
