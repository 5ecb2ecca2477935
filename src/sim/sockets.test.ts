import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { recital } from './recital.ts'
import { simServer, type SimServer } from './server.ts'
import { cloudLike, ollamaLike, type ServerSpec, vllmLike } from './server-spec.ts'
import { listen, realClock } from './sockets.ts'

async function onSocket(t: TestContext, spec: ServerSpec): Promise<{ server: SimServer; origin: string }> {
  const server = simServer(spec, realClock(50))
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
      [server.spec.manner === 'cloud' ? 'max_completion_tokens' : 'max_tokens']: 5,
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
