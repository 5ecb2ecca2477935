/** Continue with provider `ollama`: it looks the model up when it starts, chats, completes code in the middle and indexes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recital } from '../../src/sim/recital.ts'
import { json, linesIn, type Loose, send } from './replica.ts'
import { model, stage } from './rig.ts'
import { allKinds } from './witness.ts'

const headers = { authorization: 'Bearer none' }

/** It always names a context, and how long the model is to stay. */
const always = { keep_alive: 1_800 }
const options = { temperature: 0.01, num_predict: 64, num_ctx: 32_768, stop: ['<|endoftext|>'] }

for (const kind of allKinds) {
  test(`Continue in front of ${kind} starts by looking the model up, by its old name for a name`, async (t) => {
    const { url } = await stage(t, kind)
    const shown = await json(url, '/api/show', { headers, body: { name: model } })
    // It reads settings out of the lines of this, and out of that whether the model fills gaps.
    if (shown.parameters !== undefined) assert.equal(typeof shown.parameters, 'string')
    assert.equal(typeof shown.template, 'string')
    assert.ok((await json(url, '/api/tags', { headers })).models.some(({ name }: Loose) => name === model))
  })

  test(`Continue in front of ${kind} chats, and what it wants of the memory of the machine stays a wish`, async (t) => {
    const models = [
      { name: model, contextTokens: 8_192, trainedTokens: 131_072 },
      { name: 'phi4-mini:latest', contextTokens: 8_192 },
    ]
    // Not there before somebody asks for it, so that what is asked for decides how it is loaded.
    const lazy = { models, engine: { loadedMax: 1, loadMs: 5 } }
    const { url, server } = await stage(t, kind, { server: kind === 'ollama' ? lazy : {} })
    const asked = 'Say 12 words.'
    await json(url, '/api/chat', {
      headers,
      body: { model, messages: [{ role: 'user', content: 'hi' }], stream: false },
    })
    const body = { model, messages: [{ role: 'user', content: asked }], options, stream: true, ...always }
    const { status, text } = await send(url, '/api/chat', { headers, body })
    assert.equal(status, 200, text)
    assert.equal(
      linesIn(text)
        .map(({ message }) => message.content)
        .join(''),
      recital(asked),
    )
    assert.deepEqual([server.ledger.reloads, server.ledger.keepAlives], [0, 0])
    assert.ok(server.heard.every(({ keep_alive: kept }) => kept === undefined))
  })

  test(`Continue in front of ${kind} calls a tool, for which it wants no stream`, async (t) => {
    const { url } = await stage(t, kind)
    const parameters = { type: 'object', properties: { filepath: { type: 'string' } }, required: ['filepath'] }
    const tools = [{ type: 'function', function: { name: 'read_file', description: 'Reads a file.', parameters } }]
    const messages = [{ role: 'user', content: 'Read it.' }]
    const { message } = await json(url, '/api/chat', {
      headers,
      body: { model, messages, options, tools, stream: false, ...always },
    })
    assert.equal(message.tool_calls[0].function.name, 'read_file')
    assert.deepEqual(Object.keys(message.tool_calls[0].function.arguments), ['filepath'])
  })

  if (kind === 'anthropic') continue
  test(`Continue in front of ${kind} carries on a text without a template around it`, async (t) => {
    const { url } = await stage(t, kind)
    const prompt = '<fim_prefix>Say 12 words. function add(<fim_suffix>) {}<fim_middle>'
    const body = { model, prompt, raw: true, options: { ...options, num_predict: 5 }, stream: true, ...always }
    const { status, text } = await send(url, '/api/generate', { headers, body })
    assert.equal(status, 200, text)
    const lines = linesIn(text)
    assert.equal(lines.map(({ response }) => response).join(''), recital(prompt, 5))
    assert.deepEqual([lines.at(-1).done, lines.at(-1).done_reason], [true, 'length'])
  })
}

test('Continue has a gap filled by a server that can, and is told by name what others cannot', async (t) => {
  const body = { model, prompt: 'function add(', suffix: ') { return a + b }', options, stream: true, ...always }
  const { url, server } = await stage(t, 'ollama')
  const asked = await send(url, '/api/generate', { headers, body })
  // The model here has no template for it. What matters is that it was asked, and that its own words come back.
  assert.deepEqual([server.heard[0]?.['prompt'], server.heard[0]?.['suffix']], [body.prompt, body.suffix])
  assert.equal(asked.status, 400)
  assert.match(JSON.parse(asked.text).error, /does not support insert/)
  for (const kind of ['llamacpp', 'anthropic', 'vllm'] as const) {
    const other = await stage(t, kind)
    const refused = await send(other.url, '/api/generate', { headers, body })
    assert.equal(refused.status, 400)
    assert.match(JSON.parse(refused.text).error, /does not support (?:insert|completions)/)
    assert.equal(other.server.heard.length, 0)
  }
})
