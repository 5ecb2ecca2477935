/** Models that the operator loads and unloads while they are asked for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UpstreamSettings } from '../../src/core/settings.ts'
import { createGateway } from '../../src/gateway.ts'
import { errand } from '../../src/sim/box.test-helper.ts'
import { type Visit, visit } from '../../src/sim/caller.ts'
import { machine, originOf, settingsFor } from '../../src/sim/fleet.ts'
import { SimServer } from '../../src/sim/server.ts'
import { llamacppLike, ollamaLike, type ServerSpec, vllmLike } from '../../src/sim/server-spec.ts'
import { usualWorkload } from '../../src/sim/workload.ts'
import { SimWorld } from '../../src/sim/world.ts'

const models = ['a', 'b', 'c'].map((name) => ({ name, contextTokens: 8_192 }))

async function stage(specs: readonly ServerSpec[], more: Partial<UpstreamSettings> = {}) {
  const world = new SimWorld(1)
  const machines = specs.map((spec) => machine(spec, { concurrency: 2 }))
  const servers = machines.map((one) => new SimServer(one.server, world, 1))
  servers.forEach((server, at) => world.attach(originOf(machines[at]!), server))
  const settings = settingsFor(machines, usualWorkload)
  const upstreams = settings.upstreams.map((upstream) => ({ ...upstream, ...more }))
  const gateway = createGateway({ ...settings, upstreams, callers: [] }, { world })
  await world.run(gateway.start())
  const { fleet } = gateway
  return {
    world,
    fleet,
    servers,
    ask: (model: string, words = 9): Promise<Visit> =>
      visit(errand('openai-chat', { model, words, question: `Say ${words} words.` as never }), gateway),
    obey: (verb: 'load' | 'unload', model: string, upstream?: string) =>
      world.run(fleet.obey({ verb, model, upstream }), world.now() + 300_000),
    states: () => Object.fromEntries(fleet.readiness().map(({ name, state }) => [name, state])),
    passes: (ms: number) => world.run(world.sleep(ms)),
    end: () => world.run(gateway.stop()),
  }
}

test('a model is loaded and unloaded by hand, and doing it twice does nothing', async () => {
  for (const like of [ollamaLike, llamacppLike]) {
    const { obey, states, servers, end } = await stage([like({ name: 'box', models, engine: { loadedMax: 2 } })])
    const results: unknown[] = [states()]
    for (const verb of ['load', 'load', 'unload', 'unload'] as const) {
      const [done] = await obey(verb, 'a')
      results.push([done!.result, states()['a']])
    }
    assert.deepEqual(results, [
      { a: 'cold', b: 'cold', c: 'cold' },
      ['loaded', 'ready'],
      ['was loaded', 'ready'],
      ['unloaded', 'cold'],
      ['was not loaded', 'cold'],
    ])
    assert.equal(servers[0]!.ledger.loads, 1)
    await end()
  }
})

test('who is being served when his model is unloaded hears every word, and nobody is let in after him', async () => {
  const { world, fleet, obey, ask, passes, servers, end } = await stage([ollamaLike({ name: 'box', models })])
  await obey('load', 'a')
  const served = ask('a', 200)
  await passes(500)
  const unloading = fleet.obey({ verb: 'unload', model: 'a' })
  await passes(100)
  const late = ask('a')
  await passes(100)
  assert.equal(fleet.upstreams[0]!.inFlight, 1)
  const [done] = await world.run(unloading)
  assert.equal(done!.result, 'unloaded')
  const [first, second] = await world.run(Promise.all([served, late]))
  assert.deepEqual([first.fault, second.fault], [undefined, undefined])
  // He who came late had it loaded once more.
  const { loads, kills } = servers[0]!.ledger
  assert.deepEqual([loads, kills], [2, 0])
  await end()
})

test('to load a model that does not fit beside one in use waits for that to end, and throws nobody out', async () => {
  const { world, obey, ask, passes, servers, states, end } = await stage([
    ollamaLike({ name: 'box', models, engine: { loadedMax: 1, evicts: 'any' } }),
  ])
  await obey('load', 'a')
  const served = ask('a', 200)
  await passes(500)
  const [done] = await obey('load', 'b')
  assert.equal(done!.result, 'loaded')
  assert.equal((await world.run(served)).fault, undefined)
  await passes(6_000)
  assert.deepEqual(states(), { a: 'cold', b: 'ready', c: 'cold' })
  assert.equal(servers[0]!.ledger.kills, 0)
  await end()
})

test('a model that is to stay goes when the operator says so, and comes back for whoever asks', async () => {
  const { world, obey, ask, passes, states, servers, end } = await stage([ollamaLike({ name: 'box', models })], {
    preload: ['a'],
  })
  await passes(10_000)
  assert.equal(states()['a'], 'ready')
  await obey('unload', 'a')
  await passes(600_000)
  assert.deepEqual([states()['a'], servers[0]!.ledger.loads], ['cold', 1])
  assert.equal((await world.run(ask('a'))).fault, undefined)
  await passes(600_000)
  assert.deepEqual([states()['a'], servers[0]!.ledger.loads], ['ready', 2])
  await end()
})

test('what cannot be done is refused with the reason', async () => {
  const { obey, end, servers, passes } = await stage(
    [ollamaLike({ name: 'box', models }), vllmLike({ name: 'gpu', models, bootMs: 0 })],
    { preload: ['a'] },
  )
  await passes(10_000)
  await assert.rejects(obey('load', 'nobody'), { status: 404 })
  await assert.rejects(obey('load', 'a', 'elsewhere'), { status: 404 })
  await assert.rejects(obey('load', 'b', 'box'), { status: 409, message: /kept for other models/ })
  await assert.rejects(obey('unload', 'a', 'gpu'), { status: 501 })
  servers[0]!.crash()
  await passes(10_000)
  await assert.rejects(obey('load', 'a', 'box'), { status: 503 })
  await end()
})

test('a model that cannot be loaded is known to have failed, one under way to be on its way, one of a dead server to be down', async () => {
  const { world, obey, states, servers, fleet, passes, end } = await stage([ollamaLike({ name: 'box', models })])
  const [server] = servers
  const loading = fleet.obey({ verb: 'load', model: 'a' })
  await passes(1_000)
  assert.deepEqual(states(), { a: 'loading', b: 'cold', c: 'cold' })
  await world.run(loading)
  await obey('unload', 'a')
  server!.setLoadable('a', false)
  await assert.rejects(obey('load', 'a'), { status: 502 })
  assert.deepEqual([states()['a'], fleet.stateOf('A'), fleet.stateOf('d')], ['failed', 'failed', undefined])
  server!.setLoadable('a', true)
  await obey('load', 'a')
  assert.equal(states()['a'], 'ready')
  server!.crash()
  await passes(6_000)
  assert.deepEqual(states(), { a: 'down', b: 'down', c: 'down' })
  await end()
})
