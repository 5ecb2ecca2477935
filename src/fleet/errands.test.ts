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
