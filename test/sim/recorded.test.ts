import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Inbound } from '../../src/core/world.ts'
import { SimServer } from '../../src/sim/server.ts'
import { llamacppLike, type ModelSpec, ollamaLike, type ServerSpec } from '../../src/sim/server-spec.ts'
import { SimWorld } from '../../src/sim/world.ts'
import { type Fixture, fixture } from '../conformance/fixtures.ts'
import { shapesOf } from './shapes.ts'

/** What a simulated server says to what a real one was asked is made of the same pieces, in the same order. */

const model = (name: string, more: Partial<ModelSpec> = {}): ModelSpec => ({ name, contextTokens: 512, ...more })

const ollama = ollamaLike({
  models: [
    model('fox:latest', { trainedTokens: 4_096 }),
    model('counter:latest', { contextTokens: 256 }),
    model('tool-user:latest'),
    model('thinker:latest', { thinks: true }),
    model('embedder:latest', { contextTokens: 256, dimensions: 64 }),
  ],
})

const llamacpp = (name: string, more: Partial<ModelSpec> = {}): ServerSpec =>
  llamacppLike({ models: [model(name, more)] })

const router = llamacppLike({
  models: ['count', 'slow-mid', 'slow-mid-b', 'tiny'].map((name) => model(name, { contextTokens: 20_000 })),
})

interface Part {
  /** Of which server each of these is to be expected. */
  readonly of: ServerSpec
  readonly names: string
  /** Asked before each, so that things are as they were. */
  readonly after?: string
}

const parts: Readonly<Record<string, readonly Part[]>> = {
  'Ollama tells of itself and its models': [
    { of: ollama, names: 'version get-root tags ps-empty show-unknown-404 unknown-route-404 wrong-method-405' },
    { of: ollama, names: 'ps-loaded', after: 'generate-preload' },
  ],
  'Ollama chats in its own dialect': [
    {
      of: ollama,
      names: 'chat chat-stream chat-stream-cold chat-length chat-tools chat-tools-stream chat-preload chat-unload',
    },
    { of: ollama, names: 'chat-thinking chat-thinking-stream chat-thinking-off-ignored' },
    {
      of: ollama,
      names: 'chat-unknown-model-404 chat-no-model-400 chat-content-parts-400 chat-keep-alive-invalid-400',
    },
    { of: ollama, names: 'chat-think-unsupported-400 chat-embedding-model-400 chat-tool-arguments-string-400' },
    { of: ollama, names: 'overflow-silent overflow-truncate-false-400' },
  ],
  'Ollama carries a text on': [
    { of: ollama, names: 'generate generate-stream generate-raw generate-thinking-stream generate-unknown-model-404' },
    { of: ollama, names: 'generate-preload generate-unload' },
  ],
  'Ollama makes vectors': [
    { of: ollama, names: 'embed embed-two embed-empty embed-truncated embed-too-long-400 embed-token-ids-400' },
    { of: ollama, names: 'embed-unknown-model-404 embed-chat-model-501 embeddings embeddings-too-long-500' },
    { of: ollama, names: 'v1-embeddings v1-embeddings-base64' },
  ],
  "Ollama speaks OpenAI's dialects": [
    { of: ollama, names: 'v1-models v1-model v1-chat v1-chat-stream v1-chat-stream-usage v1-chat-thinking-stream' },
    { of: ollama, names: 'v1-chat-tool-choice-none v1-chat-max-completion-tokens v1-completions-stream' },
    { of: ollama, names: 'v1-chat-unknown-model-404 v1-chat-empty-400' },
  ],
  "Ollama speaks Anthropic's dialect": [
    { of: ollama, names: 'v1-messages v1-messages-stream v1-messages-thinking-stream v1-messages-count-tokens-404' },
    { of: ollama, names: 'v1-messages-no-max-tokens-400 v1-messages-unknown-model-404' },
  ],
  'llama-server tells of itself and its model': [
    { of: llamacpp('fox'), names: 'health v1-models slots-fresh unknown-route-404 wrong-method-404 ollama-tags-404' },
    { of: llamacppLike({ metrics: false }), names: 'metrics-off-501' },
    { of: llamacppLike({ key: 'secret' }), names: 'unauthorized-401 health-unauthorized' },
    { of: llamacpp('fox'), names: 'tokenize apply-template input-tokens v1-messages-count-tokens' },
  ],
  'llama-server chats': [
    {
      of: llamacpp('fox'),
      names: 'chat chat-stream chat-stream-usage chat-length chat-other-model chat-prefill chat-prefill-stream',
    },
    { of: llamacpp('thinker', { thinks: true }), names: 'chat-thinking chat-thinking-stream' },
    { of: llamacpp('agent', { thinks: true }), names: 'chat-thinking-tools chat-thinking-tools-stream' },
    { of: llamacpp('fox'), names: 'no-messages-400 two-assistants-400 image-500' },
    { of: llamacpp('fox', { contextTokens: 128 }), names: 'overflow-400 overflow-stream-400' },
    { of: llamacpp('embedder', { dimensions: 64 }), names: 'chat-embedding-model-500' },
  ],
  'llama-server carries a text on, and makes vectors': [
    { of: llamacpp('fox'), names: 'v1-completions-stream embeddings-unsupported-501' },
    { of: llamacpp('embedder', { dimensions: 64 }), names: 'embeddings embeddings-base64 embeddings-token-ids' },
    { of: llamacpp('embedder', { contextTokens: 32, dimensions: 64 }), names: 'embeddings-too-long-500' },
  ],
  "llama-server speaks Anthropic's dialect": [
    { of: llamacpp('fox'), names: 'v1-messages v1-messages-stream' },
    { of: llamacpp('thinker', { thinks: true }), names: 'v1-messages-thinking-stream' },
    { of: llamacpp('agent', { thinks: true }), names: 'v1-messages-thinking-tools-stream' },
    { of: llamacpp('fox', { contextTokens: 128 }), names: 'v1-messages-overflow-400' },
  ],
  'llama-server routes to models of its own': [
    { of: router, names: 'router-models router-props router-load router-load-unknown-404 router-unload-again-400' },
    { of: router, names: 'router-unknown-model-400 router-no-model-400 router-slots-400' },
    { of: router, names: 'router-models-loading router-load-again-400', after: 'router-load' },
    { of: router, names: 'router-models-loaded router-chat-stream', after: 'router-chat-stream' },
  ],
}

for (const [sentence, all] of Object.entries(parts)) {
  test(`${sentence} as was recorded`, async () => {
    for (const { of: spec, names, after } of all) {
      for (const name of names.split(' ')) {
        const recorded = fixture(`${spec.kind}/${name}`)
        const before = after === undefined ? [] : [fixture(`${spec.kind}/${after}`)]
        const { status, type, text } = await answered(spec, [...before, recorded])
        assert.equal(status, recorded.status, `${recorded.name}: ${text}`)
        const shapes = shapesOf(recorded.body.toString(), typeOf(recorded))
        assert.deepEqual(shapesOf(text, type), shapes, recorded.name)
      }
    }
  })
}

test('what a router says of a model that was thrown out in use is what was recorded', async () => {
  const { text } = await answered(router, [fixture('llamacpp/router-chat-stream')], async (send, world) => {
    const words = 'Say 10000 words.'
    const open = send('POST', '/v1/chat/completions', {
      model: 'count',
      stream: true,
      messages: [{ role: 'user', content: words }],
    })
    await world.sleep(500)
    await send('POST', '/models/unload', { model: 'count' })
    const said = await textOf(await open)
    assert.equal(said.slice(said.lastIndexOf('\n') + 1), 'proxy error: Failed to read connection')
    assert.ok(!said.includes('[DONE]'))
    return send('GET', '/models')
  })
  const recorded = fixture('llamacpp/router-models-failed')
  // Of four models, one failed: there it is the second, here the first.
  const statusOf = (body: string, at: number): unknown =>
    (JSON.parse(body) as { data: { status: object }[] }).data[at]!.status
  assert.deepEqual(
    Object.keys(statusOf(text, 0) as object).sort(),
    Object.keys(statusOf(recorded.body.toString(), 1) as object).sort(),
  )
})

type Send = (method: 'GET' | 'POST', path: string, body?: object) => Promise<Inbound>

/** What is said to the last of these, or to what comes after them. */
function answered(
  spec: ServerSpec,
  exchanges: readonly Fixture[],
  then?: (send: Send, world: SimWorld) => Promise<Inbound>,
): Promise<{ status: number; type: string; text: string }> {
  const world = new SimWorld(1)
  world.attach('http://box', new SimServer(spec, world))
  const request = (method: string, path: string, body: Buffer | undefined): Promise<Inbound> =>
    world.send({ method: method as 'GET', origin: 'http://box', path, headers: [], body, signal: undefined })
  const ask = ({ method, path, request: body }: Fixture): Promise<Inbound> =>
    request(method, path, body === '' ? undefined : Buffer.from(body))
  return world.run(
    (async () => {
      for (const exchange of then === undefined ? exchanges.slice(0, -1) : exchanges) await textOf(await ask(exchange))
      const send: Send = (method, path, body) => request(method, path, body && Buffer.from(JSON.stringify(body)))
      const inbound = await (then === undefined ? ask(exchanges.at(-1)!) : then(send, world))
      const { status, headers } = inbound
      return { status, type: headers['content-type'] ?? '', text: await textOf(inbound) }
    })(),
  )
}

async function textOf({ body }: Inbound): Promise<string> {
  let text = ''
  for await (const bytes of body) text += Buffer.from(bytes).toString()
  return text
}

const typeOf = ({ headers }: Fixture): string =>
  headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
