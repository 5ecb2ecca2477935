import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Inbound } from '../core/world.ts'
import { Box, model, paths, question } from './box.test-helper.ts'

/** Ollama's traps, as they were recorded: what hangs while the server says that all is well. */

const several = ['a', 'b'].map((name) => ({ name, contextTokens: 8_192 }))

const chat = (name: string, more: object = {}): object => ({
  model: name,
  messages: [{ role: 'user', content: question }],
  ...more,
})

const ask = (one: Box, name: string, signal?: AbortSignal): Promise<Inbound> =>
  one.server.send({
    method: 'POST',
    origin: '',
    path: paths['ollama-chat'],
    headers: [],
    body: Buffer.from(JSON.stringify(chat(name, { stream: false }))),
    signal,
  })

test('a frozen runner shows in no probe, and another model goes on answering', async () => {
  const one = new Box('ollama', { models: several, engine: { loadedMax: 2 } })
  one.server.freeze('a')
  const cut = new AbortController()
  const hung = ask(one, 'a', cut.signal)
  hung.catch(() => {})
  await one.world.run(
    (async () => {
      await one.get('/api/version')
      await one.get('/api/tags')
      assert.equal(one.world.now(), 0)
      assert.match((await one.read('POST', '/api/chat', chat('b', { stream: false }))).text, /"done":true/)
      const beganAt = one.world.now()
      await one.get('/api/ps')
      assert.ok(one.world.now() - beganAt > 5_000, 'what is in memory is not told while the runner is pinged')
    })(),
  )
  cut.abort()
  await assert.rejects(hung)
})

test('it is replaced for the next who asks when the last who waited for it has hung up, and not before', async () => {
  const one = new Box('ollama', { models: several, engine: { loadedMax: 2 } })
  const cut = new AbortController()
  const hung = ask(one, 'a', cut.signal)
  hung.catch(() => {})
  one.server.freeze('a')
  await one.world.run(
    (async () => {
      const next = ask(one, 'a')
      let isThere = false
      void next.then(() => (isThere = true))
      await one.world.sleep(120_000)
      assert.equal(isThere, false)
      const beganAt = one.world.now()
      cut.abort()
      await next
      assert.ok(one.world.now() - beganAt < 6_000, 'a load, and an answer')
      assert.equal(one.server.ledger.loads, 1)
    })(),
  )
})

test('who says how long a model is to stay keeps all others out until then, idle as it stands', async () => {
  const one = new Box('ollama', { models: several })
  await one.world.run(
    (async () => {
      await one.read('POST', '/api/generate', { model: 'a' })
      const busy = one.server.work({ model: 'a', promptTokens: 10, outputTokens: 100 })
      const other = ask(one, 'b')
      let isThere = false
      void other.then(() => (isThere = true))
      const after = one.server.work({ model: 'a', promptTokens: 10, outputTokens: 100, keepMs: 60_000 })
      await Promise.all([busy, after])
      await one.world.sleep(55_000)
      assert.equal(isThere, false)
      await one.world.sleep(20_000)
      assert.equal(isThere, true)
    })(),
  )
})

test('an unload by hand lets the other in at once', async () => {
  const one = new Box('ollama', { models: several })
  await one.world.run(
    (async () => {
      await one.read('POST', '/api/generate', { model: 'a' })
      const busy = one.server.work({ model: 'a', promptTokens: 10, outputTokens: 100 })
      const other = ask(one, 'b')
      const after = one.server.work({ model: 'a', promptTokens: 10, outputTokens: 100, keepMs: Infinity })
      await Promise.all([busy, after])
      await one.read('POST', '/api/generate', { model: 'a', keep_alive: 0 })
      const beganAt = one.world.now()
      await other
      assert.ok(one.world.now() - beganAt < 6_000)
    })(),
  )
})

test('a model that does not come up fails each who waits for it, one load after the other', async () => {
  const one = new Box('ollama', {})
  one.server.setLoadable(model, false)
  await one.world.run(
    (async () => {
      await one.read('POST', '/api/generate', { model, keep_alive: 0 })
      const both = await Promise.all([ask(one, model), ask(one, model)])
      assert.deepEqual(
        both.map(({ status }) => status),
        [500, 500],
      )
      assert.equal(one.world.now(), 8_000)
      one.server.setLoadable(model, true)
      assert.equal((await ask(one, model)).status, 200)
    })(),
  )
})
