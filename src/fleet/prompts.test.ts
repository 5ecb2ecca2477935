import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lengthOf } from '../core/length.ts'
import { NetFault } from '../core/world.ts'
import type { Place } from './place.ts'
import { prefixOf } from './prefix.test-helper.ts'
import { anything, plainBackend, settingsOf } from './settings.test-helper.ts'
import { Upstream } from './upstream.ts'

/** What a server is known to have read, as things happen to it. */

const nobody = (): Promise<never> => Promise.reject(new NetFault('refused', 'Nobody listens.'))

const serverThat = (keepsPrompts: 'blocks' | 'slots' | undefined): Upstream =>
  new Upstream(settingsOf('box', { backend: { ...plainBackend, keepsPrompts } }), nobody, anything(), () => 0)

const prompt = { prefix: prefixOf('abcdefgh'), promptTokens: 8_000 }
const guest = { ...prompt, length: lengthOf(1, 0.1), stream: true }

/** It reads the prompt and speaks after so long. */
function reads(upstream: Upstream, at: number, firstTokenMs: number, cachedTokens?: number): Place {
  const place = upstream.place('m')
  const stay = upstream.begin(place, guest, at)
  upstream.end(place, stay, 'served', { firstTokenMs, outputTokens: 1, cachedTokens }, at + firstTokenMs)
  return place
}

for (const keeps of ['blocks', 'slots'] as const) {
  test(`a server that keeps prompts in ${keeps} is expected to speak sooner the second time`, () => {
    const upstream = serverThat(keeps)
    const place = reads(upstream, 0, 1_700)
    for (let at = 1; at < 9; at += 1) reads(upstream, at * 10_000, 100)
    assert.equal(place.cachedTokens(prompt), 8_000)
    const knownMs = place.firstTokenMs(8_000 - place.cachedTokens(prompt), 90_000)
    const newMs = place.firstTokenMs(8_000, 90_000)
    assert.ok(newMs > 5 * knownMs, `${newMs} ms, ${knownMs} ms`)
  })

  test(`a model that has left the memory of a server has left its ${keeps} too`, () => {
    const place = reads(serverThat(keeps), 0, 100)
    place.loaded = true
    assert.equal(place.cachedTokens(prompt), 8_000)
    place.loaded = false
    assert.equal(place.cachedTokens(prompt), 0)
  })

  test(`a server that was gone has nothing in its ${keeps} when it comes back`, () => {
    const upstream = serverThat(keeps)
    const place = reads(upstream, 0, 100)
    upstream.up = true
    assert.equal(place.cachedTokens(prompt), 8_000)
    upstream.up = false
    upstream.up = true
    assert.equal(place.cachedTokens(prompt), 0)
  })
}

test('a server that breaks again and again may have started anew before anybody looks', () => {
  const upstream = serverThat('blocks')
  const place = reads(upstream, 0, 100)
  for (let at = 1; upstream.breaker.restsUntil === undefined; at += 1) {
    assert.equal(place.cachedTokens(prompt), 8_000)
    const stay = upstream.begin(place, guest, at * 100)
    upstream.end(place, stay, 'broke', { firstTokenMs: undefined, outputTokens: 0 }, at * 100 + 1)
  }
  assert.equal(place.cachedTokens(prompt), 0)
})

test('where it makes no difference which server is asked, nothing is remembered', () => {
  const place = reads(serverThat(undefined), 0, 100)
  assert.equal(place.cachedTokens(prompt), 0)
})

test('how fast a server reads is learned from what it says it had to read', () => {
  const upstream = serverThat('blocks')
  // It is believed to know the prompt, and says each time that it does not.
  for (let at = 0; at < 12; at += 1) reads(upstream, at * 10_000, 1_700, 0)
  const newMs = upstream.place('m').firstTokenMs(8_000, 120_000)
  assert.ok(Math.abs(newMs - 1_700) < 100, `${newMs} ms`)
})
