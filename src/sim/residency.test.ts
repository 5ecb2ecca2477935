import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodyFor } from './bodies.ts'
import { Box, errand, paths, question } from './box.test-helper.ts'
import type { ServerKind, ServerOptions } from './server-spec.ts'

const several = ['a', 'b', 'c'].map((name) => ({ name, contextTokens: 8_192, trainedTokens: 32_768 }))

const box = (kind: ServerKind, options: ServerOptions = {}): Box => new Box(kind, { models: several, ...options })

const chat = (path: string, name: string, more: object = {}): [string, object] => [
  path,
  { model: name, messages: [{ role: 'user', content: question }], stream: false, ...more },
]

/** The models in memory, as each kind tells of them. */
const shelves: Readonly<Partial<Record<ServerKind, (one: Box) => Promise<string[]>>>> = {
  ollama: async (one) => (await one.get('/api/ps')).models.map(({ name }: { name: string }) => name),
  llamacpp: async (one) =>
    (await one.get('/models')).data
      .filter(({ status }: { status: { value: string } }) => status.value === 'loaded')
      .map(({ id }: { id: string }) => id),
  lmstudio: async (one) =>
    (await one.get('/api/v1/models')).models
      .filter(({ loaded_instances: loaded }: { loaded_instances: unknown[] }) => loaded.length > 0)
      .map(({ key }: { key: string }) => key),
  exo: async (one) =>
    Object.values<any>((await one.get('/state')).instances).map(
      (instance) => instance.MlxRingInstance.shardAssignments.modelId,
    ),
}

const inMemory = (one: Box): Promise<string[]> => shelves[one.server.spec.kind]!(one)

test('who asks for a model that is not there waits until it is, and the one that was there is gone', async () => {
  for (const kind of ['ollama', 'lmstudio', 'llamacpp'] as const) {
    const one = box(kind)
    const path = kind === 'ollama' ? paths['ollama-chat'] : paths['openai-chat']
    await one.world.run(
      (async () => {
        for (const name of ['a', 'b', 'b', 'a']) {
          await one.read('POST', ...chat(path, name))
          assert.deepEqual(await inMemory(one), [name], kind)
        }
      })(),
    )
    const { loads, evictions, kills } = one.server.ledger
    assert.deepEqual([loads, evictions, kills], [3, 2, 0], kind)
    assert.ok(one.world.now() > 3 * 4_000)
  }
})

test('a request without words brings a model into memory, and one that keeps it for no time takes it out', async () => {
  const one = box('ollama')
  await one.world.run(
    (async () => {
      assert.match((await one.read('POST', '/api/generate', { model: 'a' })).text, /"done_reason":"load"/)
      assert.equal(one.world.now(), 4_000)
      assert.deepEqual(await inMemory(one), ['a'])
      await one.read('POST', '/api/chat', { model: 'a', messages: [] })
      assert.equal(one.world.now(), 4_000, 'it is there already')
      assert.match(
        (await one.read('POST', '/api/generate', { model: 'a', keep_alive: 0 })).text,
        /"done_reason":"unload"/,
      )
      assert.deepEqual(await inMemory(one), [])
    })(),
  )
  const { loads, unloads, keepAlives, asked, open } = one.server.ledger
  assert.deepEqual([loads, unloads, keepAlives, asked, open], [1, 1, 1, 3, 0])
})

test('who hangs up over a load takes it along, and whoever waits with him begins it again', async () => {
  for (const [path, json] of [['/api/generate', { model: 'b' }], chat('/api/chat', 'b')] as const) {
    const one = box('ollama')
    const hungUp = new AbortController()
    one.send('POST', path, { json, signal: hungUp.signal }).catch(() => undefined)
    const patient = one.read('POST', ...chat('/api/chat', 'b'))
    await one.world.run(one.world.sleep(3_000))
    hungUp.abort()
    const { text } = await one.world.run(patient)
    assert.match(text, /"done":true/)
    assert.ok(one.world.now() > 7_000, `${one.world.now()}`)
    const { loads, loadsLost } = one.server.ledger
    assert.deepEqual([loads, loadsLost], [2, 1])
  }
})

test('LM Studio and a router go on loading when the caller hangs up', async () => {
  for (const kind of ['lmstudio', 'llamacpp'] as const) {
    const one = box(kind)
    const hungUp = new AbortController()
    const [path, json] = chat(paths['openai-chat'], 'b', { stream: true })
    one.send('POST', path, { json, signal: hungUp.signal }).catch(() => undefined)
    await one.world.run(one.world.sleep(3_000))
    hungUp.abort()
    await one.world.run(one.world.sleep(2_000))
    assert.deepEqual(await inMemory(one), ['b'], kind)
  }
})

test('another length of context, another number of threads or another shift loads a model anew; the same does not', async () => {
  const one = box('ollama')
  const ask = async (more: object): Promise<number> => {
    await one.read('POST', ...chat('/api/chat', 'a', more))
    return one.server.ledger.reloads
  }
  await one.world.run(
    (async () => {
      const wide = { options: { num_ctx: 16_384 } }
      const counts = [
        await ask({}),
        await ask({ options: { num_ctx: 8_192, temperature: 0.1 } }),
        await ask({ truncate: false }),
        await ask(wide),
        await ask(wide),
        await ask({ options: { num_ctx: 16_384, num_thread: 4 } }),
        await ask({ options: { num_ctx: 16_384, num_thread: 4 }, shift: false }),
      ]
      assert.deepEqual(counts, [0, 0, 0, 1, 1, 2, 3])
      assert.equal((await one.get('/api/ps')).models[0].context_length, 16_384)
      // More than it was trained for is not to be had, so it is the same as the most.
      assert.deepEqual([await ask({ options: { num_ctx: 1e6 } }), await ask({ options: { num_ctx: 32_768 } })], [4, 4])
    })(),
  )
})

test('a model that was there from the start is loaded anew for who wants it otherwise, over whichever wire', async () => {
  const one = box('ollama', { engine: { loadedMax: 3 } })
  await one.world.run(
    (async () => {
      await one.read('POST', ...chat('/api/chat', 'a'))
      assert.equal(one.server.ledger.loads, 0)
      await one.read('POST', ...chat('/api/chat', 'a', { options: { num_ctx: 16_384 } }))
      assert.equal(one.server.ledger.reloads, 1)
      // There it cannot be said, and is as it usually is.
      await one.read('POST', ...chat('/v1/chat/completions', 'a'))
      assert.equal(one.server.ledger.reloads, 2)
    })(),
  )
})

test('how long a model stays is counted and kept to, and said in a date', async () => {
  const one = box('ollama')
  await one.world.run(
    (async () => {
      await one.read('POST', ...chat('/api/chat', 'a', { keep_alive: '10s' }))
      const [{ expires_at: date }] = (await one.get('/api/ps')).models
      assert.equal(Math.round(Date.parse(date) - one.world.epochMs()), 10_000)
      await one.world.sleep(9_000)
      assert.deepEqual(await inMemory(one), ['a'])
      await one.world.sleep(2_000)
      assert.deepEqual(await inMemory(one), [])
      await one.read('POST', ...chat('/api/chat', 'a', { keep_alive: -1 }))
      await one.world.sleep(1e9)
      assert.deepEqual(await inMemory(one), ['a'])
      assert.match((await one.get('/api/ps')).models[0].expires_at, /^2319/)
      assert.equal((await one.read('POST', ...chat('/api/chat', 'a', { keep_alive: '10' }))).status, 400)
    })(),
  )
  assert.equal(one.server.ledger.keepAlives, 2)
})

test('a look at a server loads nothing, but for a look at a model of a router that does not forbid it', async () => {
  const looks: Readonly<Partial<Record<ServerKind, readonly string[]>>> = {
    ollama: ['/api/version', '/api/tags', '/api/ps'],
    lmstudio: ['/v1/models', '/api/v0/models', '/api/v1/models'],
    exo: ['/v1/models', '/state', '/instance/previews?model_id=a'],
    llamacpp: [
      '/health',
      '/props',
      '/models',
      '/v1/models',
      '/slots?model=a&autoload=false',
      '/metrics?model=a&autoload=false',
    ],
  }
  for (const [kind, all] of Object.entries(looks)) {
    const one = box(kind as ServerKind)
    for (const path of all) await one.world.run(one.read('GET', path))
    assert.equal(one.server.ledger.loads, 0, kind)
  }
  const router = box('llamacpp')
  assert.equal((await router.world.run(router.read('GET', '/slots?model=a&autoload=false'))).status, 400)
  assert.equal((await router.world.run(router.read('GET', '/slots?model=a'))).status, 200)
  assert.deepEqual([router.server.ledger.loads, await inMemory(router)], [1, ['a']])
})

test('a router that is forbidden to load for a request refuses it', async () => {
  const one = box('llamacpp')
  const [path, json] = chat(paths['openai-chat'], 'a')
  assert.match((await one.world.run(one.read('POST', `${path}?autoload=false`, json))).text, /model is not loaded/)
  assert.equal(one.server.ledger.loads, 0)
})

test('LM Studio loads with a context that is wished for, once, and unloads what it is told', async () => {
  const one = box('lmstudio')
  await one.world.run(
    (async () => {
      const load = { model: 'a', context_length: 16_384, echo_load_config: true }
      const { text } = await one.read('POST', '/api/v1/models/load', load)
      const { status, load_time_seconds: seconds, load_config: config } = JSON.parse(text)
      assert.deepEqual([status, seconds, config], ['loaded', 4, { context_length: 16_384 }])
      await one.read('POST', ...chat(paths['openai-chat'], 'a'))
      assert.deepEqual([one.server.ledger.loads, one.server.ledger.reloads], [1, 0])
      assert.equal((await one.get('/api/v0/models')).data[0].loaded_context_length, 16_384)
      await one.read('POST', ...chat(paths['openai-chat'], 'a', { ttl: 60 }))
      await one.world.sleep(61_000)
      assert.deepEqual([await inMemory(one), one.server.ledger.keepAlives], [[], 1])
      await one.read('POST', ...chat(paths['openai-chat'], 'a'))
      assert.equal((await one.read('POST', '/api/v1/models/unload', { instance_id: 'a' })).status, 200)
      assert.equal((await one.read('POST', '/api/v1/models/unload', { instance_id: 'a' })).status, 404)
    })(),
  )
})

test('Exo serves what was placed and nothing else, and throws nothing out to place something', async () => {
  const one = box('exo')
  const ask = (name: string): Promise<{ status: number; text: string }> =>
    one.read('POST', ...chat(paths['openai-chat'], name))
  const place = (name: string): Promise<{ status: number; text: string }> =>
    one.read('POST', '/place_instance', {
      model_id: name,
      sharding: 'Pipeline',
      instance_meta: 'MlxRing',
      min_nodes: 1,
    })
  await one.world.run(
    (async () => {
      assert.match((await ask('a')).text, /No instance found for model a/)
      assert.equal((await place('a')).status, 200)
      assert.match((await one.read('GET', '/instance/await?model_id=a&timeout_seconds=9')).text, /"type":"ready"/)
      // It has a place, and whoever asks waits until it is loaded.
      assert.equal((await ask('a')).status, 200)
      assert.ok(one.world.now() > 4_000)
      assert.equal((await place('b')).status, 200)
      assert.equal((await place('c')).status, 400)
      assert.match((await one.read('GET', '/instance/await?model_id=c&timeout_seconds=1')).text, /"type":"timeout"/)
      assert.deepEqual((await inMemory(one)).sort(), ['a', 'b'])
      assert.equal((await one.read('DELETE', '/instance/instance-of-a')).status, 200)
      assert.equal((await ask('a')).status, 404)
    })(),
  )
  const { loads, evictions, unloads } = one.server.ledger
  assert.deepEqual([loads, evictions, unloads], [2, 0, 1])
})

test('a model that is thrown out in use counts as killed, and its callers learn it in the way of their server', async () => {
  const ends: Readonly<Partial<Record<ServerKind, [out: string, body: object, last: RegExp]>>> = {
    llamacpp: ['/models/unload', { model: 'a' }, /\n\nproxy error: Failed to read connection$/],
    lmstudio: ['/api/v1/models/unload', { instance_id: 'a' }, /event: error\ndata: .*\n\n$/],
  }
  for (const [kind, [out, body, last]] of Object.entries(ends)) {
    const one = box(kind as ServerKind)
    const json = { ...bodyFor(errand('openai-chat', { question: 'Say 9999 words.' })), model: 'a' }
    const told = one.read('POST', paths['openai-chat'], json)
    await one.world.run(one.world.sleep(5_000))
    await one.world.run(one.read('POST', out, body))
    assert.match((await one.world.run(told)).text, last, kind)
    assert.deepEqual([one.server.ledger.kills, one.server.ledger.broken, one.server.ledger.open], [1, 1, 0], kind)
  }
})
