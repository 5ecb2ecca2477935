import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refused, settled, someAsk } from '../../test/telemetry/asks.ts'
import type { Ask } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import { Feed } from './feed.ts'

function fed(): { feed: Feed; at: (ms: number) => void } {
  let now = 0
  const asks = () => [{ state: 'running' }, { state: 'queued' }, { state: 'running' }] as const
  const feed = new Feed({ world: { now: () => now, epochMs: () => 1_700_000_000_000 + now }, waiting: 1, asks })
  return { feed, at: (ms) => (now = ms) }
}

test('what is queued and running is asked of the gateway, not guessed from events', () => {
  const { queued, running } = fed().feed.snapshot()
  assert.deepEqual({ queued, running }, { queued: 1, running: 2 })
})

test('rates are of the last half minute, or of the life so far if that is shorter', () => {
  const { feed, at } = fed()
  at(9_999)
  for (let n = 0; n < 20; n += 1) {
    feed.listen({ type: 'ask-arrived', ask: someAsk() })
    feed.listen(settled(someAsk()))
  }
  at(10_000)
  assert.equal(feed.snapshot().requestsPerSecond, 2)
  assert.equal(feed.snapshot().outputTokensPerSecond, 68)
  at(60_000)
  assert.equal(feed.snapshot().requestsPerSecond, 0)
  assert.equal(feed.snapshot().settledEver, 20)
})

test('an ask that was turned away, or that its caller spoilt, is refused; one that ended badly otherwise has failed', () => {
  const { feed } = fed()
  feed.listen(settled(someAsk()))
  feed.listen(settled(someAsk(), { fault: new Fault('upstream-broke', 'x') }))
  feed.listen(refused(someAsk(), new Fault('queue-full', 'x')))
  feed.listen(refused(someAsk(), new Fault('no-such-model', 'x')))
  feed.listen({ type: 'request-refused', kind: 'unauthorized', status: 401, dialect: '' })
  const { served, failed, refused: away } = feed.snapshot()
  assert.deepEqual({ served, failed, away }, { served: 1, failed: 1, away: 3 })
})

test('an ask that leaves has left once, however often it is tried there', () => {
  const { feed, at } = fed()
  const [one, other] = [someAsk(), someAsk()]
  const granted = (ask: Ask, tier: number) =>
    feed.listen({ type: 'ask-granted', ask, upstream: `cloud-${tier}`, tier, waitMs: 0, spilled: tier > 0 })
  granted(one, 0)
  assert.equal(feed.snapshot().spilled, 0)
  granted(one, 1)
  granted(other, 1)
  at(1_500)
  granted(one, 2)
  const { spilled, history } = feed.snapshot()
  assert.deepEqual([spilled, history.spilled.slice(-2)], [2, [2, 0]])
})

test('who served, and how much they said', () => {
  const { feed } = fed()
  feed.listen(settled(someAsk()))
  feed.listen(settled(someAsk(), { upstream: 'haiku', tier: 1 }))
  feed.listen(settled(someAsk(), { upstream: 'haiku', fault: new Fault('upstream-broke', 'x') }))
  assert.deepEqual(feed.snapshot().upstreams, [
    { name: 'gpu-1', served: 1, outputTokens: 34 },
    { name: 'haiku', served: 1, outputTokens: 68 },
  ])
})

test('waits for the first token and for the whole are told as percentiles', () => {
  const { feed, at } = fed()
  at(1_000)
  for (let n = 1; n <= 20; n += 1) {
    feed.listen({ type: 'first-token', ask: someAsk(), upstream: 'gpu-1', afterMs: n * 10 })
    feed.listen(settled(someAsk(), { totalMs: n * 100 }))
  }
  assert.deepEqual(feed.snapshot().firstTokenMs, { p50: 100, p95: 190 })
  assert.deepEqual(feed.snapshot().totalMs, { p50: 1_000, p95: 1_900 })
})

test('by how much first tokens came sooner or later than was predicted is told as percentiles', () => {
  const { feed } = fed()
  assert.equal(feed.snapshot().firstTokenOff, undefined)
  for (const firstTokenMs of [200, 400, 800])
    feed.listen(settled(someAsk(), { firstTokenMs, predicted: { waitMs: 0, firstTokenMs: 400, totalMs: 2_000 } }))
  assert.deepEqual(feed.snapshot().firstTokenOff, { p50: 2, p95: 2 })
})

test('the history has a number for each of the last 300 seconds', () => {
  const { feed, at } = fed()
  at(298_500)
  feed.listen({ type: 'ask-queued', ask: someAsk(), ahead: 4 })
  feed.listen({ type: 'ask-queued', ask: someAsk(), ahead: 1 })
  at(299_500)
  feed.listen({ type: 'ask-granted', ask: someAsk(), upstream: 'haiku', tier: 1, waitMs: 0, spilled: true })
  const { history } = feed.snapshot()
  assert.equal(history.queuedMost.length, 300)
  assert.deepEqual(history.queuedMost.slice(-3), [0, 5, 0])
  assert.deepEqual(history.spilled.slice(-2), [0, 1])
})

test('the asks that ended last are kept, the latest first, and no more of them than fit on a page', () => {
  const { feed } = fed()
  for (let n = 0; n < 200; n += 1) feed.listen(settled(someAsk({ id: `ask-${n}` })))
  const { recent } = feed.snapshot()
  assert.equal(recent.length, 50)
  assert.equal(recent[0]?.id, 'ask-199')
})
