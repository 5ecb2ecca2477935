/** Open WebUI: it has a connection for Ollama and one for OpenAI, and both may be the same house. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recital, vectorOf } from '../../src/sim/recital.ts'
import { eventsIn, json, linesIn, type Loose, send } from './replica.ts'
import { model, stage } from './rig.ts'
import { allKinds } from './witness.ts'

const asked = 'Say 12 words.'
const messages = [{ role: 'user', content: asked }]

/** It tells who asks, when it was set to. */
const headers = {
  authorization: 'Bearer sesame',
  'X-OpenWebUI-User-Name': 'Ada%20Lovelace',
  'X-OpenWebUI-User-Id': '3d1f',
  'X-OpenWebUI-User-Email': 'ada@example.org',
  'X-OpenWebUI-User-Role': 'user',
  'X-OpenWebUI-Chat-Id': 'c0ffee',
}

const config = { callers: [{ name: 'webui', key: 'sesame' }] }

for (const kind of allKinds) {
  test(`Open WebUI's Ollama connection in front of ${kind}: it verifies, lists, chats and names the chat`, async (t) => {
    const { url, server } = await stage(t, kind, { config })
    assert.match((await json(url, '/api/version', { headers })).version, /^\d+\.\d+\.\d+$/)
    const { models } = await json(url, '/api/tags', { headers })
    assert.deepEqual(
      models.map(({ model: id }: Loose) => id),
      [model],
    )
    for (const { expires_at: expires } of (await json(url, '/api/ps', { headers })).models) {
      assert.ok(!Number.isNaN(Date.parse(expires)))
    }
    await json(url, '/api/show', { headers, body: { model, name: model } })
    const chat = {
      model,
      messages,
      stream: true,
      options: {},
      keep_alive: '5m',
      chat_id: 'c0ffee',
      session_id: 's1',
      metadata: {},
    }
    const { status, headers: told, text } = await send(url, '/api/chat', { headers, body: chat })
    assert.equal(status, 200, text)
    assert.match(told.get('content-type') ?? '', /ndjson/)
    assert.equal(
      linesIn(text)
        .map(({ message }) => message.content)
        .join(''),
      recital(asked),
    )
    const title = await json(url, '/api/chat', { headers, body: { ...chat, stream: false } })
    assert.equal(title.message.content, recital(asked))
    for (const request of server.requests) {
      assert.ok(
        request.headers.every(([name]) => !name.toLowerCase().startsWith('x-openwebui')),
        'who asks is not told further',
      )
    }
  })

  test(`Open WebUI's OpenAI connection in front of ${kind}: it lists, and the type of an answer says that it is a stream`, async (t) => {
    const { url } = await stage(t, kind, { config })
    const { data } = await json(url, '/v1/models', { headers })
    assert.deepEqual(
      data.map(({ id }: Loose) => id),
      [model],
    )
    const body = {
      model,
      messages,
      stream: true,
      stream_options: { include_usage: true },
      logit_bias: {},
      chat_id: 'c0ffee',
      session_id: 's1',
      id: 'm1',
      background_tasks: {},
    }
    const { status, headers: told, text } = await send(url, '/v1/chat/completions', { headers, body })
    assert.equal(status, 200, text)
    assert.match(told.get('content-type') ?? '', /text\/event-stream/)
    const events = eventsIn(text)
    assert.equal(events.map(({ data: chunk }) => chunk?.choices[0]?.delta.content ?? '').join(''), recital(asked))
    assert.equal(events.at(-1)?.data, undefined)
    assert.equal(events.findLast(({ data: chunk }) => chunk?.usage)?.data.usage.completion_tokens, 12)
    const whole = await send(url, '/v1/chat/completions', {
      headers,
      body: { ...body, stream: false, stream_options: undefined },
    })
    assert.match(whole.headers.get('content-type') ?? '', /application\/json/)
    assert.equal(JSON.parse(whole.text).choices[0].message.content, recital(asked))
  })
}

test('Open WebUI indexes documents by either connection', async (t) => {
  const embedding = 'nomic-embed-text:latest'
  const models = [{ name: embedding, contextTokens: 2_048, dimensions: 8 }]
  for (const kind of ['ollama', 'vllm'] as const) {
    const { url } = await stage(t, kind, { config, server: { models } })
    const input = ['one', 'two']
    const body = { model: embedding, input }
    const expected = input.map((text) => vectorOf(text, 8))
    assert.deepEqual((await json(url, '/api/embed', { headers, body })).embeddings, expected)
    const { data } = await json(url, '/v1/embeddings', { headers, body })
    assert.deepEqual(
      data.map((one: Loose) => one.embedding),
      expected,
    )
  }
})
