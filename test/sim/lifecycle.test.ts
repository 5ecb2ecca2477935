/** Which models are in memory, from before the servers are there until long after anybody asks. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UpstreamSettings } from '../../src/core/settings.ts'
import { createGateway, type Gateway } from '../../src/gateway.ts'
import { errand } from '../../src/sim/box.test-helper.ts'
import { visit } from '../../src/sim/caller.ts'
import { machine, originOf, settingsFor } from '../../src/sim/fleet.ts'
import { SimServer } from '../../src/sim/server.ts'
import { llamacppLike, lmStudioLike, ollamaLike, type ServerSpec, vllmLike } from '../../src/sim/server-spec.ts'
import { usualWorkload } from '../../src/sim/workload.ts'
import { SimWorld } from '../../src/sim/world.ts'

const models = ['a:latest', 'b:latest'].map((name) => ({ name, contextTokens: 8_192, trainedTokens: 32_768 }))

interface Scene {
  readonly world: SimWorld
  readonly server: SimServer
  readonly gateway: Gateway
  /** Changes the configuration of the one upstream. */
  readonly configure: (more: Partial<UpstreamSettings>) => Promise<void>
  readonly passes: (ms: number) => Promise<void>
  /** Asks for a few words, and tells whether they came. */
  readonly ask: (model: string) => Promise<boolean>
  readonly end: () => Promise<void>
}

/** One server and a gateway before it, which has not looked at it yet. */
function scene(spec: ServerSpec, more: Partial<UpstreamSettings> = {}, seed = 1): Scene {
  const world = new SimWorld(seed)
  const one = machine(spec, { concurrency: 4 })
  const server = new SimServer(one.server, world, seed)
  world.attach(originOf(one), server)
  const settings = { ...settingsFor([one], usualWorkload), callers: [] }
  const [upstream] = settings.upstreams
  const withMore = (changes: Partial<UpstreamSettings>): typeof settings => ({
    ...settings,
    upstreams: [{ ...upstream!, ...changes }],
  })
  const gateway = createGateway(withMore(more), { world })
  return {
    world,
    server,
    gateway,
    configure: (changes) => world.run(gateway.reload(withMore(changes))),
    passes: (ms) => world.run(world.sleep(ms)),
    ask: async (model) => (await world.run(visit(errand('openai-chat', { model }), gateway))).fault === undefined,
    end: () => world.run(gateway.stop()),
  }
}

const hour = 3_600_000

test('a model that is to stay is loaded once, and is there an hour later though nobody has asked', async () => {
  for (const like of [ollamaLike, lmStudioLike, llamacppLike]) {
    const { server, gateway, world, passes, ask, end } = scene(like({ name: 'box', models }), { preload: ['a:latest'] })
    await world.run(gateway.start())
    await passes(hour)
    assert.ok(await ask('a:latest'))
    const { loads, reloads } = server.ledger
    assert.deepEqual([loads, reloads], [1, 0], server.spec.kind)
    await end()
  }
})

test('one that somebody else brought in for five minutes is told to stay, once', async () => {
  const { server, gateway, world, passes, end } = scene(ollamaLike({ name: 'box', models }), { preload: ['a'] })
  const body = Buffer.from('{"model":"a"}')
  const out = { method: 'POST', origin: '', path: '/api/generate', headers: [], body, signal: undefined } as const
  await world.run(server.send(out))
  await world.run(gateway.start())
  await passes(hour)
  const { loads, keepAlives } = server.ledger
  assert.deepEqual([loads, keepAlives], [1, 1])
  await end()
})

test('one that need not stay any more leaves after the usual time', async () => {
  const { server, gateway, world, configure, passes, end } = scene(ollamaLike({ name: 'box', models }), {
    preload: ['a'],
  })
  const inMemory = (): boolean => gateway.fleet.models().some(({ loaded }) => loaded === true)
  await world.run(gateway.start())
  await passes(hour)
  assert.ok(inMemory())
  await configure({ preload: [] })
  await passes(200_000)
  assert.ok(inMemory())
  await passes(200_000)
  assert.ok(!inMemory())
  assert.equal(server.ledger.loads, 1)
  await end()
})

test('a model is preloaded with the context of later requests, however its name is spelled, and not loaded anew', async () => {
  for (const name of ['a', 'a:latest', 'A']) {
    const { server, gateway, world, passes, ask, end } = scene(ollamaLike({ name: 'box', models }), {
      preload: [name],
      context: new Map([[name.toLowerCase(), 16_384]]),
    })
    await world.run(gateway.start())
    await passes(20_000)
    assert.ok(await ask('a:latest'))
    assert.deepEqual([server.ledger.loads, server.ledger.reloads], [1, 0], name)
    assert.equal(gateway.fleet.upstreams[0]?.place('a:latest').loaded, true)
    const about = gateway.fleet.models().find(({ name: each }) => each === 'a:latest')
    assert.deepEqual([about?.name, about?.contextTokens], ['a:latest', 16_384])
    await end()
  }
})

test('a gateway that was there first serves within two seconds of the server being up', async () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const spec = vllmLike({ name: 'box', models, bootMs: 0 })
    const { server, gateway, world, passes, end } = scene(spec, {}, seed)
    server.crash()
    await world.run(gateway.start())
    assert.equal(gateway.fleet.anyUp, false)
    await passes(60_000 + 137 * seed)
    server.restart()
    await passes(2_000)
    assert.ok(gateway.fleet.anyUp, `seed ${seed}`)
    await end()
  }
})
