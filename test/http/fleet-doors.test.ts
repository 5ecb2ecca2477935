import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Backend, ListedModel } from '../../src/core/backend.ts'
import type { Json } from '../../src/core/json.ts'
import type { UpstreamSettings } from '../../src/core/settings.ts'
import { backendWith, type DoorSetting, openDoor } from './fake-gateway.ts'

interface Listing {
  readonly name: string
  readonly models: readonly ListedModel[]
  readonly describe?: (model: string) => Promise<Json>
}

function upstream({ name, models, describe }: Listing): UpstreamSettings {
  const backend: Backend = {
    ...backendWith(() => Promise.resolve({ models })),
    ...(describe !== undefined && { describe: (_, model) => describe(model) }),
  }
  return {
    name,
    backend,
    origin: `http://${name}`,
    basePath: '',
    apiKey: undefined,
    tier: 0,
    concurrency: 1,
    serve: undefined,
    context: new Map(),
  }
}

const details = { family: 'llama', parameter_size: '8B', quantization_level: 'Q4_K_M' }
const llama: ListedModel = {
  id: 'llama3.1:8b',
  aliases: ['LLAMA3.1:8b'],
  contextTokens: 8_192,
  loaded: true,
  about: {
    size: 5,
    digest: 'abc',
    modified_at: '2026-01-02T03:04:05Z',
    details,
    capabilities: ['completion'],
    size_vram: 4,
  },
}
const cold: ListedModel = { id: 'cold', loaded: false }
const path: ListedModel = {
  id: 'org/Model:tag',
  contextTokens: 4_096,
  about: { created: 1_700_000_000, owned_by: 'us' },
}

const upstreams = [upstream({ name: 'a', models: [llama, cold] }), upstream({ name: 'b', models: [path] })]

type Get = (
  path: string,
  options?: RequestInit,
) => Promise<{ status: number; json: Record<string, unknown>; text: string }>

async function opened(t: Parameters<typeof openDoor>[0], setting: DoorSetting = { upstreams }): Promise<Get> {
  const { url } = await openDoor(t, setting)
  return async (where, options) => {
    const response = await fetch(url + where, options)
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true && text !== ''
    return { status: response.status, text, json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {} }
  }
}

const namesIn = (list: unknown): unknown[] =>
  (list as Record<string, unknown>[]).map((model) => model['id'] ?? model['name'])

test("OpenAI's clients see the models of all servers", async (t) => {
  const get = await opened(t)
  assert.deepEqual((await get('/v1/models')).json, {
    object: 'list',
    data: [
      { id: 'cold', object: 'model', created: 0, owned_by: 'library' },
      {
        id: 'llama3.1:8b',
        object: 'model',
        created: 1_767_323_045,
        owned_by: 'library',
        context_length: 8_192,
        max_model_len: 8_192,
      },
      {
        id: 'org/Model:tag',
        object: 'model',
        created: 1_700_000_000,
        owned_by: 'us',
        context_length: 4_096,
        max_model_len: 4_096,
      },
    ],
  })
})

test('one model is found by its name, in code or not, and by another spelling', async (t) => {
  const get = await opened(t)
  for (const name of ['org/Model:tag', 'org%2FModel%3Atag', 'org%2fmodel:tag']) {
    assert.equal((await get(`/v1/models/${name}`)).json['id'], 'org/Model:tag', name)
  }
  assert.equal((await get('/v1/models/LLAMA3.1:8b')).json['id'], 'llama3.1:8b')
  const missing = await get('/v1/models/other')
  assert.deepEqual([missing.status, (missing.json['error'] as Json)['code']], [404, 'model_not_found'])
})

test("Ollama's clients see one Ollama that has everything", async (t) => {
  const get = await opened(t)
  assert.equal((await get('/')).text, 'Ollama is running')
  assert.match(String((await get('/api/version')).json['version']), /^\d+\.\d+\.\d+$/)
  const { models } = (await get('/api/tags')).json as { models: Json[] }
  assert.deepEqual(models[1], {
    name: 'llama3.1:8b',
    model: 'llama3.1:8b',
    modified_at: '2026-01-02T03:04:05Z',
    size: 5,
    digest: 'abc',
    details: { parent_model: '', format: '', families: [], ...details, context_length: 8_192 },
    capabilities: ['completion'],
  })
  const running = (await get('/api/ps')).json as { models: Json[] }
  assert.deepEqual(namesIn(running.models), ['llama3.1:8b', 'org/Model:tag'])
  assert.equal(running.models[0]!['size_vram'], 4)
})

test('to look whether anybody is home takes no key; to see the models does', async (t) => {
  const get = await opened(t, { upstreams, keys: { ui: 'k' } })
  for (const open of ['/', '/api/version', '/api/hello']) {
    for (const method of ['GET', 'HEAD']) assert.equal((await get(open, { method })).status, 200, open)
  }
  for (const shut of ['/v1/models', '/v1/models/cold', '/api/tags', '/api/ps'])
    assert.equal((await get(shut)).status, 401)
  assert.equal((await get('/api/show', { method: 'POST', body: '{"model":"cold"}' })).status, 401)
})

test('a caller sees the models it may use, and of others not even that they are there', async (t) => {
  const get = await opened(t, { upstreams, keys: { ui: 'k' }, models: ['cold'] })
  const headers = { 'x-api-key': 'k' }
  assert.deepEqual(namesIn((await get('/v1/models', { headers })).json['data']), ['cold'])
  assert.deepEqual(namesIn((await get('/api/tags', { headers })).json['models']), ['cold'])
  assert.deepEqual(namesIn((await get('/api/ps', { headers })).json['models']), [])
  const [hidden, missing] = [
    await get('/v1/models/llama3.1:8b', { headers }),
    await get('/v1/models/nobody0.0:0b', { headers }),
  ]
  assert.deepEqual(
    [hidden.status, hidden.text.replace('llama3.1:8b', '')],
    [missing.status, missing.text.replace('nobody0.0:0b', '')],
  )
  const shown = await get('/api/show', { method: 'POST', headers, body: '{"model":"llama3.1:8b"}' })
  assert.equal(shown.status, 404)
})

test("show says what the server says of its model, asked by that server's own name for it", async (t) => {
  const asked: string[] = []
  const describe = (model: string): Promise<Json> => {
    asked.push(model)
    return Promise.resolve({ template: 'T', model_info: {} })
  }
  const get = await opened(t, { upstreams: [upstream({ name: 'a', models: [llama], describe })] })
  for (const body of ['{"model":"llama3.1:8b"}', '{"name":"LLAMA3.1:8b"}']) {
    assert.deepEqual((await get('/api/show', { method: 'POST', body })).json, { template: 'T', model_info: {} })
  }
  assert.deepEqual(asked, ['llama3.1:8b', 'llama3.1:8b'])
})

test('show says what is known where no server tells, or the one that could does not answer', async (t) => {
  const describe = (): Promise<Json> => Promise.reject(new Error('gone'))
  const get = await opened(t, { upstreams: [upstream({ name: 'a', models: [llama], describe })] })
  const { status, json } = await get('/api/show', { method: 'POST', body: '{"model":"llama3.1:8b"}' })
  assert.equal(status, 200)
  assert.deepEqual(json['capabilities'], ['completion'])
  // Where clients look for the context: the architecture's name and its length behind it.
  const info = json['model_info'] as Json
  assert.equal(info[`${String(info['general.architecture'])}.context_length`], 8_192)
  assert.equal((await get('/api/show', { method: 'POST', body: '{}' })).status, 400)
  assert.equal((await get('/api/show')).status, 405)
})
