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
