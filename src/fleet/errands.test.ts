import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ask } from '../core/ask.ts'
import type { Backend } from '../core/backend.ts'
import { runErrand } from './errands.ts'
import { FakeWorld } from './fake-world.test-helper.ts'
import { Fleet } from './fleet.ts'
import { anything, plainBackend, settingsOf } from './settings.test-helper.ts'

test('a load for nobody in particular throws out nothing that is in use', async () => {
  const loads: string[] = []
  const backend: Backend = { ...plainBackend, load: (_call, { model }) => Promise.resolve(void loads.push(model)) }
  const world = new FakeWorld()
  const upstreams = [settingsOf('box', { backend })]
  const fleet = new Fleet({ upstreams, world, emit() {}, probeEveryMs: 10_000, canOf: anything })
  world.answer = () => new Promise(() => {})
  const [upstream] = fleet.upstreams
  upstream!.up = true
  upstream!.learn({
    models: [
      { id: 'a', loaded: true },
      { id: 'b', loaded: false },
    ],
  })
  await fleet.prepare({ upstreams, probeEveryMs: 10_000 }).then((enforce) => enforce())
  const a = upstream!.place('a')
  const guest = { promptTokens: 10, cachedTokens: 0, length: { mean: 10, sigma: 0 }, stream: true }
  const stay = upstream!.begin(a, guest as never, 0)
  const ask = { model: 'b', needs: ['chat'], dialect: 'openai-chat', cloud: 'allowed', promptTokens: 1 }
  const wish = { ...ask, signal: new AbortController().signal } as unknown as Ask
  assert.equal((await runErrand(fleet, 'load', wish, true)).decision, 'not loaded: memory is in use')
  upstream!.end(a, stay, 'served', { firstTokenMs: 1, outputTokens: 1 }, 0)
  assert.equal((await runErrand(fleet, 'load', wish, true)).decision, 'loaded')
  assert.deepEqual(loads, ['b'])
  fleet.stop()
})

/** One server that has a model for words, and is there or not. */
async function wordsOnly(up: boolean) {
  const unloads: string[] = []
  const backend: Backend = { ...plainBackend, unload: (_call, model) => Promise.resolve(void unloads.push(model)) }
  const upstreams = [settingsOf('box', { backend, serve: new Map([['m', 'm']]) })]
  const fleet = new Fleet({ upstreams, world: new FakeWorld(), emit() {}, probeEveryMs: 10_000, canOf: anything })
  const [upstream] = fleet.upstreams
  upstream!.learn({ models: [{ id: 'm', loaded: true, can: new Set(['chat', 'text']) }] })
  upstream!.up = up
  await fleet.prepare({ upstreams, probeEveryMs: 10_000 }).then((enforce) => enforce())
  fleet.stop()
  const wish = { model: 'm', needs: ['vectors'], dialect: 'ollama-embed', cloud: 'allowed', promptTokens: 0 }
  return { fleet, unloads, wish: { ...wish, signal: new AbortController().signal } as unknown as Ask }
}

test('a model that cannot do what it would be loaded for is not loaded, and whether its server is there is no matter', async () => {
  for (const up of [true, false]) {
    const { fleet, wish } = await wordsOnly(up)
    await assert.rejects(runErrand(fleet, 'load', wish, false), {
      kind: 'not-capable',
      status: 400,
      message: '"m" does not support embeddings',
    })
  }
})

test('to be let go of, a model need not be able to do anything', async () => {
  const { fleet, unloads, wish } = await wordsOnly(true)
  assert.equal((await runErrand(fleet, 'unload', wish, false)).decision, 'unloaded')
  assert.deepEqual(unloads, ['m'])
})

test('a model that one cannot name is unknown, or not known yet, as for anybody who asks it something', async () => {
  const { fleet, wish } = await wordsOnly(true)
  await assert.rejects(runErrand(fleet, 'load', { ...wish, model: 'x', caller: {} } as Ask, false), {
    kind: 'no-such-model',
  })
})
