import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { recital, thought, vectorOf } from './recital.ts'
import { SimServer } from './server.ts'
import { cloudLike, ollamaLike, type ServerSpec, vllmLike } from './server-spec.ts'
import { listen, realClock, simServer } from './sockets.ts'

async function onSocket(t: TestContext, spec: ServerSpec): Promise<{ server: SimServer; origin: string }> {
  const server = new SimServer(spec, realClock(50))
  const listening = await listen(server)
  t.after(() => listening.close())
  return { server, origin: listening.origin }
}

const model = 'llama3.1:8b'
const asked = 'Say 12 words.'
const messages = [{ role: 'user' as const, content: asked }]
const tools = [
  {
    type: 'function' as const,
    function: {
      name: 'weather',
      description: 'Tells the weather.',
      parameters: {
        type: 'object',
        required: ['city'],
        properties: { city: { type: 'string' }, days: { type: 'integer' } },
      },
    },
  },
]

test('the OpenAI SDK hears the whole recital, streamed and not, with its counts', async (t) => {
  for (const spec of [vllmLike(), cloudLike({ models: [{ name: model, contextTokens: 8_192 }] }), ollamaLike()]) {
    const { origin, server } = await onSocket(t, spec)
    const client = new OpenAI({ baseURL: `${origin}/v1`, apiKey: 'none', maxRetries: 0 })
    let text = ''
    let usage: OpenAI.CompletionUsage | null | undefined
    const stream = await client.chat.completions.create({
      model,
      messages,
      stream: true,
      stream_options: { include_usage: true },
    })
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      usage = chunk.usage ?? usage
    }
    assert.equal(text, recital(asked, 12))
    assert.deepEqual([usage?.prompt_tokens, usage?.completion_tokens], [4, 12])
    const whole = await client.chat.completions.create({
      model,
      messages,
      [server.spec.kind === 'openai' ? 'max_completion_tokens' : 'max_tokens']: 5,
    })
    assert.equal(whole.choices[0]?.message.content, recital(asked, 5))
    assert.equal(whole.choices[0]?.finish_reason, 'length')
    assert.deepEqual(
      (await client.models.list()).data.map(({ id }) => id),
      [model],
    )
    assert.deepEqual([server.ledger.whole, server.ledger.outputTokens, server.ledger.open], [2, 17, 0])
  }
})

test('the Ollama SDK hears the whole recital, streamed and not, and sees what is there', async (t) => {
  const { origin } = await onSocket(t, ollamaLike())
  const client = new Ollama({ host: origin })
  let text = ''
  let done = false
  for await (const part of await client.chat({ model, messages, stream: true })) {
    text += part.message.content
    done = part.done
  }
  assert.deepEqual([text, done], [recital(asked, 12), true])
  const whole = await client.chat({ model, messages, stream: false, options: { num_predict: 5 } })
  assert.deepEqual([whole.message.content, whole.done_reason, whole.eval_count], [recital(asked, 5), 'length', 5])
  assert.deepEqual(
    (await client.list()).models.map(({ name }) => name),
    [model],
  )
  assert.deepEqual(
    (await client.ps()).models.map(({ name }) => name),
    [model],
  )
  assert.equal(
    ((await client.show({ model })).model_info as unknown as Record<string, unknown>)['llama.context_length'],
    8_192,
  )
  assert.equal((await client.version()).version, '0.32.15')
  await assert.rejects(client.chat({ model: 'nobody', messages }), /model 'nobody' not found/)
})

test('who offers tools is answered with a call, and with words once the result is there', async (t) => {
  const vllm = await onSocket(t, vllmLike())
  const openai = new OpenAI({ baseURL: `${vllm.origin}/v1`, apiKey: 'none' })
  const streamed = await openai.chat.completions.stream({ model, messages, tools }).finalChatCompletion()
  const whole = await openai.chat.completions.create({ model, messages, tools })
  for (const { choices } of [streamed, whole]) {
    const call = choices[0]?.message.tool_calls?.[0]
    assert.equal(choices[0]?.finish_reason, 'tool_calls')
    assert.ok(call?.type === 'function')
    assert.equal(call.function.name, 'weather')
    assert.deepEqual(Object.keys(JSON.parse(call.function.arguments) as object), ['city', 'days'])
  }
  const ollama = await onSocket(t, ollamaLike())
  const client = new Ollama({ host: ollama.origin })
  const called = await client.chat({ model, messages, tools })
  assert.deepEqual(Object.keys(called.message.tool_calls?.[0]?.function.arguments ?? {}), ['city', 'days'])
  const after = await client.chat({
    model,
    tools,
    messages: [...messages, called.message, { role: 'tool', content: 'sunny' }],
  })
  assert.equal(after.message.content, recital(asked, 12))
})

test('who wants JSON of a schema gets it', async (t) => {
  const schema = {
    type: 'object',
    properties: { name: { type: 'string' }, ages: { type: 'array', items: { type: 'integer' } } },
  }
  const isRight = (text: string): void => assert.deepEqual(Object.keys(JSON.parse(text) as object), ['name', 'ages'])
  const vllm = await onSocket(t, vllmLike())
  const openai = new OpenAI({ baseURL: `${vllm.origin}/v1`, apiKey: 'none' })
  const format = { type: 'json_schema' as const, json_schema: { name: 'person', schema } }
  isRight(
    (await openai.chat.completions.create({ model, messages, response_format: format })).choices[0]?.message.content ??
      '',
  )
  const { origin } = await onSocket(t, ollamaLike())
  isRight((await new Ollama({ host: origin }).chat({ model, messages, format: schema })).message.content)
})

test("Anthropic's SDK hears words, thoughts and calls, and is counted for, whichever way it shows its key", async (t) => {
  const contextTokens = 200_000
  const models = [{ name: 'claude-x', contextTokens, thinks: true }]
  const { origin, close } = await simServer('anthropic', { models, key: 'secret', networkMs: 0, speed: 50 })
  t.after(close)
  const question = [{ role: 'user' as const, content: asked }]
  for (const keys of [{ apiKey: 'secret' }, { apiKey: null, authToken: 'secret' }]) {
    const client = new Anthropic({ baseURL: origin, maxRetries: 0, ...keys })
    const stream = client.messages.stream({ model: 'claude-x', max_tokens: 400, messages: question })
    const whole = await stream.finalMessage()
    assert.deepEqual(
      [whole.content[0], whole.stop_reason, whole.usage.output_tokens],
      [{ type: 'text', text: recital(asked, 12) }, 'end_turn', 12],
    )
    const cut = await client.messages.create({ model: 'claude-x', max_tokens: 3, messages: question })
    assert.deepEqual([cut.stop_reason, cut.usage.output_tokens], ['max_tokens', 3])
  }
  const client = new Anthropic({ baseURL: origin, apiKey: 'secret', maxRetries: 0 })
  const thinking = { type: 'enabled' as const, budget_tokens: 1_024 }
  const tool = { name: 'weather', input_schema: { type: 'object' as const, properties: { city: { type: 'string' } } } }
  const request = { model: 'claude-x', max_tokens: 2_000, messages: question, thinking, tools: [tool] }
  for (const message of [await client.messages.create(request), await client.messages.stream(request).finalMessage()]) {
    const [first, second] = message.content
    assert.ok(first?.type === 'thinking' && second?.type === 'tool_use')
    assert.deepEqual([first.thinking, second.name, message.stop_reason], [thought(asked), 'weather', 'tool_use'])
    assert.deepEqual(Object.keys(second.input as object), ['city'])
  }
  assert.equal((await client.messages.countTokens({ model: 'claude-x', messages: question })).input_tokens, 4)
  assert.deepEqual(
    (await client.models.list()).data.map(({ id }) => id),
    ['claude-x'],
  )
  await assert.rejects(client.messages.create({ ...request, model: 'nobody' }), Anthropic.NotFoundError)
  await assert.rejects(new Anthropic({ baseURL: origin, apiKey: 'wrong' }).models.list(), Anthropic.AuthenticationError)
})

test("OpenAI's SDK completes, responds and embeds", async (t) => {
  const models = [
    { name: 'talker', contextTokens: 8_192 },
    { name: 'embedder', contextTokens: 512, dimensions: 16 },
  ]
  const { origin, close } = await simServer('vllm', { models, speed: 50 })
  t.after(close)
  const client = new OpenAI({ baseURL: `${origin}/v1`, apiKey: 'none', maxRetries: 0 })
  let completed = ''
  for await (const { choices } of await client.completions.create({ model: 'talker', prompt: asked, stream: true }))
    completed += choices[0]?.text ?? ''
  assert.equal(completed, recital(asked, 12))
  const response = await client.responses.create({ model: 'talker', input: asked })
  assert.deepEqual(
    [response.output_text, response.status, response.usage?.output_tokens],
    [recital(asked, 12), 'completed', 12],
  )
  const streamed = await client.responses
    .stream({ model: 'talker', input: asked, max_output_tokens: 4 })
    .finalResponse()
  assert.deepEqual(
    [streamed.output_text, streamed.incomplete_details?.reason],
    [recital(asked, 4), 'max_output_tokens'],
  )
  // It asks for them packed when nothing is said of it.
  const { data, usage } = await client.embeddings.create({ model: 'embedder', input: ['a', 'bc'] })
  assert.deepEqual(
    data.map(({ embedding }) => embedding),
    [vectorOf('a', 16), vectorOf('bc', 16)],
  )
  assert.equal(usage.prompt_tokens, 2)
})

test("Ollama's SDK completes and embeds, and loads and unloads", async (t) => {
  const models = [
    { name: 'talker:latest', contextTokens: 8_192 },
    { name: 'embedder:latest', contextTokens: 512, dimensions: 16 },
  ]
  const { origin, server, close } = await simServer('ollama', { models, speed: 50, engine: { loadMs: 100 } })
  t.after(close)
  const client = new Ollama({ host: origin })
  assert.equal((await client.generate({ model: 'talker', prompt: '' })).done_reason, 'load')
  let text = ''
  for await (const { response } of await client.generate({ model: 'talker', prompt: asked, stream: true }))
    text += response
  assert.equal(text, recital(asked, 12))
  const { embeddings } = await client.embed({ model: 'embedder', input: ['a', 'bc'] })
  assert.deepEqual(embeddings, [vectorOf('a', 16), vectorOf('bc', 16)])
  await client.generate({ model: 'embedder', prompt: '', keep_alive: 0 }).catch(() => undefined)
  await client.chat({ model: 'talker', messages: [], keep_alive: 0 })
  assert.deepEqual(
    (await client.ps()).models.map(({ name }) => name),
    ['embedder:latest'],
  )
  assert.deepEqual([server.ledger.loads, server.ledger.evictions], [2, 1])
})

test('who hangs up ends the generation at once', async (t) => {
  const { origin, server } = await onSocket(t, vllmLike())
  const client = new OpenAI({ baseURL: `${origin}/v1`, apiKey: 'none' })
  const stream = await client.chat.completions.create({
    model,
    messages: [{ role: 'user', content: 'Say 100000 words.' }],
    stream: true,
  })
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content?.endsWith('.2 ') === true) break
  while (server.ledger.open > 0) await new Promise(setImmediate)
  assert.equal(server.ledger.aborted, 1)
  const { outputTokens } = server.ledger
  await new Promise((resolve) => setTimeout(resolve, 10))
  assert.equal(server.ledger.outputTokens, outputTokens)
})

test('a crash resets what is open and closes the port until the restart', async (t) => {
  const { origin, server } = await onSocket(t, vllmLike())
  const client = new OpenAI({ baseURL: `${origin}/v1`, apiKey: 'none', maxRetries: 0 })
  const stream = await client.chat.completions.create({
    model,
    messages: [{ role: 'user', content: 'Say 100000 words.' }],
    stream: true,
  })
  await assert.rejects(async () => {
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content !== undefined) server.crash()
  })
  await assert.rejects(fetch(`${origin}/health`), (error: Error) => /ECONNREFUSED/.test(JSON.stringify(error.cause)))
  server.restart()
  while (
    !(await fetch(`${origin}/health`).then(
      ({ ok }) => ok,
      () => false,
    ))
  );
})
