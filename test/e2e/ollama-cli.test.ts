/** The command line of Ollama, 0.32: what `ollama run`, `ps`, `stop`, `list` and `show` say, and how they read the answers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recital } from '../../src/sim/recital.ts'
import { json, linesIn, type Loose, send } from './replica.ts'
import { model, stage, stand } from './rig.ts'
import { allKinds, Witness } from './witness.ts'

const headers = {
  accept: 'application/x-ndjson',
  'user-agent': 'ollama/0.32.15 (amd64 linux) Go/go1.26.0',
  'content-type': 'application/json',
}

const asked = 'Say 12 words.'

/** Before each command: is anybody there, and who? */
async function greet(url: string): Promise<void> {
  const { status, text } = await send(url, '/', { method: 'HEAD', headers })
  assert.deepEqual([status, text], [200, ''])
  assert.match((await json(url, '/api/version', { headers })).version, /^\d+\.\d+\.\d+$/)
}

const generate = async (url: string, fields: object): Promise<readonly Loose[]> => {
  const body = { model, prompt: '', suffix: '', system: '', template: '', options: {}, ...fields }
  const { status, text } = await send(url, '/api/generate', { headers, body })
  assert.equal(status, 200, text)
  return linesIn(text)
}

for (const kind of allKinds) {
  test(`ollama run, in front of ${kind}, loads the model, chats and puts the pieces together`, async (t) => {
    const { url } = await stage(t, kind)
    await greet(url)
    const shown = await json(url, '/api/show', {
      headers,
      body: { model, system: '', template: '', verbose: false, options: {} },
    })
    assert.ok(shown.capabilities.includes('completion'))
    assert.equal(typeof shown.details.family, 'string')
    const loaded = await generate(url, {})
    assert.deepEqual(
      loaded.map(({ done, done_reason: reason, response }) => [done, reason, response]),
      [[true, 'load', '']],
    )
    const messages = [{ role: 'user', content: asked }]
    const { text } = await send(url, '/api/chat', {
      headers,
      body: { model, messages, format: '', options: {}, think: false },
    })
    const lines = linesIn(text)
    assert.equal(lines.map(({ message }) => message.content).join(''), recital(asked))
    assert.deepEqual(
      lines.filter(({ done }) => done).map(({ done_reason: reason, eval_count: said }) => [reason, said]),
      [['stop', 12]],
    )
    assert.equal(lines.at(-1).done, true)
    for (const { created_at: at } of lines) assert.ok(!Number.isNaN(Date.parse(at)))
  })

  test(`ollama run with a prompt, in front of ${kind}, generates`, async (t) => {
    const { url } = await stage(t, kind)
    const lines = await generate(url, { prompt: asked, format: '', think: false })
    assert.equal(lines.map(({ response }) => response).join(''), recital(asked))
    assert.deepEqual([lines.at(-1).done, lines.at(-1).done_reason, lines.at(-1).eval_count], [true, 'stop', 12])
  })
}

test('ollama stop throws the model out where nobody else has a say', async (t) => {
  const { url, server } = await stage(t, 'ollama')
  await generate(url, {})
  assert.equal((await json(url, '/api/ps', { headers })).models.length, 1)
  const stopped = await generate(url, { keep_alive: 0 })
  assert.deepEqual([stopped.length, stopped[0].done, stopped[0].done_reason], [1, true, 'unload'])
  assert.equal(server.ledger.unloads, 1)
  assert.deepEqual((await json(url, '/api/ps', { headers })).models, [])
})

test('ollama stop of a caller who shares the machine is answered and throws nobody out', async (t) => {
  const server = new Witness('ollama')
  const callers = [
    { name: 'one', key: 'sesame' },
    { name: 'other', key: 'poppy' },
  ]
  const { url } = await stand(t, [server], { callers })
  const body = { model, prompt: '', keep_alive: 0 }
  const { status, text } = await send(url, '/api/generate', {
    headers: { ...headers, authorization: 'Bearer sesame' },
    body,
  })
  assert.equal(status, 200)
  assert.equal(linesIn(text)[0].done_reason, 'unload')
  assert.deepEqual([server.ledger.unloads, server.heard.length], [0, 0])
})

test('ollama list, ps and show are answered for the whole house, and the accounts of ollama.com for nobody', async (t) => {
  const models = [
    { name: model, contextTokens: 8_192 },
    { name: 'phi4-mini:latest', contextTokens: 4_096 },
  ]
  const { url } = await stage(t, 'ollama', { server: { models, engine: { loadedMax: 2 } } })
  await greet(url)
  const { models: listed } = await json(url, '/api/tags', { headers })
  assert.deepEqual(
    listed.map(({ name }: Loose) => name),
    models.map(({ name }) => name),
  )
  for (const { size, digest, modified_at: modified } of listed) {
    assert.ok(size > 0 && /^[\da-f]{12,}$/.test(digest) && !Number.isNaN(Date.parse(modified)))
  }
  const { models: running } = await json(url, '/api/ps', { headers })
  for (const { expires_at: expires, size_vram: vram, context_length: context } of running) {
    assert.ok(!Number.isNaN(Date.parse(expires)) && vram >= 0 && context > 0)
  }
  assert.deepEqual((await json(url, '/api/status', { headers })).cloud.disabled, true)
  const me = await send(url, '/api/me', { headers, body: {} })
  assert.equal(me.status, 403)
  assert.match(JSON.parse(me.text).error, /ollama\.com/)
  const unknown = await send(url, '/api/show', { headers, body: { model: 'nobody' } })
  assert.equal(unknown.status, 404)
  assert.match(JSON.parse(unknown.text).error, /nobody/)
})

test('ollama run of a model that nobody has is told so in words, and pulls nothing', async (t) => {
  const { url, server } = await stage(t, 'ollama')
  const { status, text } = await send(url, '/api/generate', { headers, body: { model: 'nobody', prompt: '' } })
  assert.equal(status, 404)
  assert.match(JSON.parse(text).error, /nobody/)
  const pull = await send(url, '/api/pull', { headers, body: { model: 'nobody', name: 'nobody' } })
  assert.equal(pull.status, 403)
  assert.match(JSON.parse(pull.text).error, /\w+ \w+/)
  assert.equal(server.heard.length, 0)
})
