import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { stand } from './rig.ts'
import { Witness } from './witness.ts'

const shared = { name: 'llama3.1:8b', contextTokens: 8_192 }
const small = { name: 'phi4-mini:latest', contextTokens: 4_096 }
const large = { name: 'qwen3-235b', contextTokens: 32_768 }

const callers = [
  { name: 'all', key: 'sesame' },
  { name: 'one', key: 'poppy', models: [large.name] },
]

/** An Ollama and a vLLM that have one model in common. */
async function fleet(t: TestContext): Promise<{ url: string; openai: OpenAI; ollama: Ollama }> {
  const servers = [
    new Witness('ollama', { models: [shared, small], engine: { loadedMax: 2 } }),
    new Witness('vllm', { models: [large, shared] }),
  ]
  const { url } = await stand(t, servers, { callers })
  return { url, openai: openaiAt(url, 'sesame'), ollama: ollamaAt(url, 'sesame') }
}

const openaiAt = (url: string, apiKey: string): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 })

const ollamaAt = (url: string, key: string): Ollama =>
  new Ollama({ host: url, headers: { authorization: `Bearer ${key}` } })

const names = [shared.name, small.name, large.name]

test('openai-js lists the models of the whole fleet, each once', async (t) => {
  const { openai } = await fleet(t)
  const models = await Array.fromAsync(openai.models.list())
  assert.deepEqual(
    models.map(({ id }) => id),
    names,
  )
  for (const { object, created, owned_by: owner } of models) {
    assert.equal(object, 'model')
    assert.ok(Number.isSafeInteger(created) && typeof owner === 'string')
  }
})

test('openai-js retrieves a model by any name that a server takes for it, and no other', async (t) => {
  const { openai } = await fleet(t)
  for (const { name } of [shared, large]) assert.equal((await openai.models.retrieve(name)).id, name)
  assert.equal((await openai.models.retrieve('phi4-mini')).id, small.name)
  await assert.rejects(openai.models.retrieve('nobody'), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError)
    return error.code === 'model_not_found'
  })
})

test('ollama-js lists the models of the whole fleet, those in memory, and what it can know of each', async (t) => {
  const { ollama } = await fleet(t)
  const { models } = await ollama.list()
  assert.deepEqual(
    models.map(({ name }) => name),
    names,
  )
  for (const { model, modified_at: modified, details } of models) {
    assert.ok(names.includes(model) && !Number.isNaN(Date.parse(String(modified))) && Array.isArray(details.families))
  }
  assert.deepEqual(
    (await ollama.ps()).models.map(({ name }) => name),
    names,
  )
  for (const name of [...names, 'phi4-mini']) {
    const { details, capabilities, model_info: info } = await ollama.show({ model: name })
    assert.equal(typeof details.family, 'string')
    assert.ok(capabilities.includes('completion') && info !== undefined)
  }
  await assert.rejects(ollama.show({ model: 'nobody' }), { name: 'ResponseError', status_code: 404 })
  assert.match((await ollama.version()).version, /^\d+\.\d+\.\d+/)
})

test('a caller sees the models it may use, and with a wrong key none at all', async (t) => {
  const { url } = await fleet(t)
  const [openai, ollama] = [openaiAt(url, 'poppy'), ollamaAt(url, 'poppy')]
  assert.deepEqual(
    (await openai.models.list()).data.map(({ id }) => id),
    [large.name],
  )
  assert.deepEqual(
    (await ollama.list()).models.map(({ name }) => name),
    [large.name],
  )
  assert.deepEqual(
    (await ollama.ps()).models.map(({ name }) => name),
    [large.name],
  )
  await assert.rejects(openai.models.retrieve(small.name), OpenAI.NotFoundError)
  await assert.rejects(ollama.show({ model: small.name }), { name: 'ResponseError', status_code: 404 })
  await assert.rejects(async () => openaiAt(url, 'guess').models.list(), OpenAI.AuthenticationError)
  await assert.rejects(ollamaAt(url, 'guess').list(), { name: 'ResponseError', status_code: 401 })
})
