import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lengthOf } from '../core/length.ts'
import { anything, settingsOf } from './settings.test-helper.ts'
import { Upstream } from './upstream.ts'

const noCall = (): Promise<never> => Promise.reject(new Error('not to be called'))
const guest = { promptTokens: 100, length: lengthOf(50, 0.1), stream: true }
const seen = { firstTokenMs: 100, outputTokens: 50 }

test('asks with all its models count as in flight', () => {
  const upstream = new Upstream(settingsOf('box'), noCall, anything(), () => 0)
  const [a, b] = [upstream.place('a'), upstream.place('b')]
  const first = upstream.begin(a, guest, 0)
  upstream.begin(b, guest, 0)
  assert.equal(upstream.inFlight, 2)
  upstream.end(a, first, 'served', seen, 10)
  assert.equal(upstream.inFlight, 1)
  assert.deepEqual([a.inFlight, b.inFlight], [0, 1])
})

test('an ask that shared the server with another model does not count as alone', () => {
  const upstream = new Upstream(settingsOf('box', { concurrency: 8 }), noCall, anything(), () => 0)
  const [a, b] = [upstream.place('a'), upstream.place('b')]
  const alone = upstream.begin(a, guest, 0)
  upstream.end(a, alone, 'served', seen, 1_000)
  for (let at = 0; at < 20; at += 1) {
    const other = upstream.begin(b, guest, 2_000)
    const slow = upstream.begin(a, guest, 2_000)
    upstream.end(a, slow, 'served', { firstTokenMs: 3_000, outputTokens: 50 }, 6_000)
    upstream.end(b, other, 'ignored', seen, 6_000)
  }
  assert.ok(a.pace.firstTokenMs(100, { fullness: 0, cold: false, now: 6_000 }) < 200)
})

test('what a probe says of a loaded model is known to its place, also when it is new', () => {
  const upstream = new Upstream(settingsOf('box'), noCall, anything(), () => 0)
  const early = upstream.place('a')
  assert.equal(
    upstream.learn({
      models: [
        { id: 'a', loaded: false },
        { id: 'b', loaded: true },
      ],
    }),
    true,
  )
  assert.equal(early.loaded, false)
  assert.equal(upstream.place('b').loaded, true)
  assert.equal(
    upstream.learn({
      models: [
        { id: 'a', loaded: false },
        { id: 'b', loaded: true },
      ],
    }),
    false,
    'nothing has changed',
  )
})

test('what others give the server to do comes off the limit, and what of ours came or went meanwhile is not theirs', () => {
  const upstream = new Upstream(settingsOf('box', { concurrency: 'auto' }), noCall, anything(), () => 0)
  upstream.learn({ models: [{ id: 'a', slots: 8 }] })
  const place = upstream.place('a')
  const stays = [0, 1, 2].map(() => upstream.begin(place, guest, 0))
  const held = upstream.held()
  upstream.end(place, stays[0]!, 'served', seen, 10)
  upstream.told({ gauge: { running: 5, waiting: 0 } }, held, 10)
  assert.deepEqual([place.limit.foreign, place.limit.value], [2, 6])
  upstream.begin(place, guest, 20)
  upstream.begin(place, guest, 20)
  upstream.told({ gauge: { running: 4, waiting: 0 } }, held, 20)
  assert.deepEqual([place.limit.foreign, place.limit.value], [0, 8])
})

test('a server that tells how busy each of its models is leaves the others their places', () => {
  const upstream = new Upstream(settingsOf('box', { concurrency: 'auto' }), noCall, anything(), () => 0)
  const busy = { running: 3, waiting: 0 }
  const models = [
    { id: 'a', slots: 4, gauge: busy },
    { id: 'b', slots: 4 },
  ]
  upstream.learn({ models })
  const [a, b] = [upstream.place('a'), upstream.place('b')]
  upstream.told({ gauge: busy, models }, upstream.held(), 0)
  assert.deepEqual([a.limit.value, b.limit.value], [1, 4])
  assert.equal(upstream.learn({ models: models.map(({ id, slots }) => ({ id, slots })) }), false, 'they are the same')
})

test('it tells when there is room again where there was none', () => {
  const upstream = new Upstream(settingsOf('box', { concurrency: 'auto' }), noCall, anything(), () => 0)
  upstream.learn({ models: [{ id: 'a', slots: 2 }] })
  const place = upstream.place('a')
  upstream.begin(place, guest, 0)
  const told = (running: number): boolean => upstream.told({ gauge: { running, waiting: 0 } }, upstream.held(), 0)
  assert.deepEqual([told(2), told(2), told(1), told(1)], [false, false, true, false])
})
