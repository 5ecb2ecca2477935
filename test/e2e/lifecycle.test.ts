/** The operator's side of models, on real sockets. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stage } from './rig.ts'

const models = ['llama3.1:8b', 'org/other:1', 'third'].map((name) => ({ name, contextTokens: 8_192 }))

test('the operator sees each model, loads it, and lets it go; the callers port tells when it is ready', async (t) => {
  const { url, adminUrl, server } = await stage(t, 'ollama', { server: { models, engine: { loadMs: 30 } } })
  const post = async (path: string): Promise<[number, any]> => {
    const response = await fetch(adminUrl + path, { method: 'POST' })
    return [response.status, await response.json()]
  }
  const ready = async (model: string): Promise<number> => (await fetch(`${url}/readyz?model=${model}`)).status

  for (const name of ['llama3.1:8b', 'llama3.1%3A8b', 'org/other:1']) {
    const id = decodeURIComponent(name)
    assert.equal(await ready(name), 503)
    const [status, { servers }] = await post(`/api/models/${name}/load`)
    assert.deepEqual([status, servers[0].upstream, servers[0].id, servers[0].result], [200, 'ollama', id, 'loaded'])
    assert.ok(servers[0].took_ms >= 25)
    assert.equal(await ready(name), 200)
    const { models: seen } = (await (await fetch(`${adminUrl}/api/models`)).json()) as any
    const one = seen.find((model: any) => model.name === id)
    assert.deepEqual([one.state, one.servers[0].loaded, one.servers[0].load_fault], ['ready', true, null])
    assert.deepEqual((await post(`/api/models/${name}/unload?upstream=ollama`))[1].servers[0].result, 'unloaded')
    assert.equal(await ready(name), 503)
  }
  assert.deepEqual([server.ledger.loads, server.ledger.unloads], [3, 3])

  assert.deepEqual((await post('/api/models/nobody/load'))[0], 404)
  assert.deepEqual((await post('/api/models/third/load?upstream=nobody'))[0], 404)
  assert.deepEqual((await post('/api/models/%FF/load'))[0], 400)
  assert.equal((await fetch(`${adminUrl}/api/models/third/load`)).status, 405)
})
