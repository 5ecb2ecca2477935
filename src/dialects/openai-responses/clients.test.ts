import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { createOpenAI } from '@ai-sdk/openai'
import { jsonSchema, streamText, tool } from 'ai'
import OpenAI, { APIError } from 'openai'
import type { AnswerAbout } from '../../core/dialect.ts'
import { Fault } from '../../core/fault.ts'
import type { Json } from '../../core/json.ts'
import type { Part } from '../../core/part.ts'
import type { Message } from '../../core/prompt.ts'
import { openAiResponses as dialect } from '../openai-responses.ts'

/** What real clients make of the answers that are written here: the parts behind each model are what they should hear. */
const answers: Readonly<Record<string, readonly (Part | Fault)[]>> = {
  text: [
    { type: 'thinking-delta', text: 'Hm, ' },
    { type: 'thinking-delta', text: 'hello.' },
    { type: 'text-delta', text: 'Grüße aus ' },
    { type: 'text-delta', text: '東京 🦊!' },
    { type: 'finish', reason: 'stop' },
    { type: 'usage', usage: { promptTokens: 9, outputTokens: 7, cachedTokens: 4, reasoningTokens: 3 } },
    { type: 'end' },
  ],
  calls: [
    { type: 'text-delta', text: 'Let me look.' },
    { type: 'tool-start', index: 0, id: 'call_a', name: 'weather' },
    { type: 'tool-delta', index: 0, arguments: '{"city":' },
    { type: 'tool-start', index: 1, id: 'call_b', name: 'weather' },
    { type: 'tool-delta', index: 1, arguments: '{"city":"Rome"}' },
    { type: 'tool-delta', index: 0, arguments: '"Paris"}' },
    { type: 'finish', reason: 'tool-calls' },
    { type: 'usage', usage: { promptTokens: 9, outputTokens: 7 } },
    { type: 'end' },
  ],
  patch: [
    { type: 'tool-start', index: 0, id: 'call_p', name: 'apply_patch' },
    { type: 'tool-delta', index: 0, arguments: '{"input":"*** Begin' },
    { type: 'tool-delta', index: 0, arguments: ' \\"Patch\\"\\n"}' },
    { type: 'finish', reason: 'tool-calls' },
    { type: 'end' },
  ],
  cut: [{ type: 'text-delta', text: 'On and' }, { type: 'finish', reason: 'length' }, { type: 'end' }],
  broken: [{ type: 'text-delta', text: 'So far' }, new Fault('upstream-broke', 'The server failed.')],
  crowded: [new Fault('queue-full', 'The queue is full.', { retryAfterMs: 1_300 })],
}

/** The conversation as it was last sent. */
let lastMessages: readonly Message[] = []

const server = createServer((request, response) => {
  void (async () => {
    let text = ''
    for await (const chunk of request.setEncoding('utf8')) text += String(chunk)
    const body = JSON.parse(text) as Json
    dialect.glance(body)
    const { model, messages } = dialect.readPrompt(body)
    lastMessages = messages
    const about: AnswerAbout = {
      id: '1f-2',
      model,
      promptTokens: 5,
      createdMs: 1_795_000_000_000,
      wantsUsage: dialect.wantsUsage(body),
      epochMs: () => 1_795_000_001_000,
      body,
    }
    const told = answers[model]!
    const parts = told.filter((part): part is Part => !(part instanceof Fault))
    if (body['stream'] !== true) {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(dialect.collect(parts, about)))
      return
    }
    response.writeHead(200, { 'content-type': dialect.streamType })
    const write = dialect.partWriter(about)
    for (const part of told) response.write(part instanceof Fault ? dialect.faultFrame(part) : write(part))
    response.end()
  })()
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
after(() => server.close())
const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`

const official = new OpenAI({ baseURL, apiKey: 'none', maxRetries: 0 })

const weather = {
  type: 'function',
  name: 'weather',
  description: 'The weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  strict: false,
} as const

test('the official client puts text and thoughts of a stream together as they were', async () => {
  const stream = official.responses.stream({ model: 'text', input: 'hi', instructions: 'be kind' })
  const deltas: string[] = []
  stream.on('response.output_text.delta', ({ delta }) => deltas.push(delta))
  const response = await stream.finalResponse()
  assert.deepEqual(deltas, ['Grüße aus ', '東京 🦊!'])
  assert.equal(response.output_text, 'Grüße aus 東京 🦊!')
  assert.deepEqual(
    response.output.map(({ type }) => type),
    ['reasoning', 'message'],
  )
  const [thought] = response.output
  assert.deepEqual(thought?.type === 'reasoning' && thought.summary, [{ type: 'summary_text', text: 'Hm, hello.' }])
  assert.equal(response.status, 'completed')
  assert.equal(response.instructions, 'be kind')
  assert.equal(response.usage?.input_tokens_details.cached_tokens, 4)
  assert.equal(response.usage.output_tokens_details.reasoning_tokens, 3)
})

test('the official client hears the same in one piece', async () => {
  const streamed = await official.responses.stream({ model: 'text', input: 'hi' }).finalResponse()
  const whole = await official.responses.create({ model: 'text', input: 'hi' })
  assert.equal(whole.output_text, 'Grüße aus 東京 🦊!')
  // The helper for streams adds what it could parse of a text: nothing.
  const plain = JSON.parse(
    JSON.stringify(streamed.output, (key, value: unknown) => (key === 'parsed' ? undefined : value)),
  )
  assert.deepEqual(whole.output, plain)
  assert.deepEqual(whole.usage, streamed.usage)
})

test('the official client keeps calls apart whose arguments come interleaved', async () => {
  const { output } = await official.responses
    .stream({ model: 'calls', input: 'Paris and Rome?', tools: [weather] })
    .finalResponse()
  assert.deepEqual(
    output.map((item) => item.type === 'function_call' && [item.call_id, item.name, item.arguments]),
    [false, ['call_a', 'weather', '{"city":"Paris"}'], ['call_b', 'weather', '{"city":"Rome"}']],
  )
})

test('what the official client sends back of an answer is read as what was said', async () => {
  const { output } = await official.responses.create({ model: 'calls', input: 'hi', tools: [weather] })
  await official.responses.create({
    model: 'text',
    input: [
      { role: 'user', content: 'Paris and Rome?' },
      ...(output as OpenAI.Responses.ResponseInputItem[]),
      { type: 'function_call_output', call_id: 'call_a', output: 'sun' },
    ],
  })
  assert.deepEqual(
    lastMessages.map(({ role, content, toolCalls, name }) => [role, content.length, toolCalls.length, name]),
    [
      ['user', 1, 0, undefined],
      ['assistant', 1, 2, undefined],
      ['tool', 1, 0, 'weather'],
    ],
  )
})

test('the official client is given the free text that it offered a tool for', async () => {
  const asked = { model: 'patch', input: 'mend it', tools: [{ type: 'custom', name: 'apply_patch' } as const] }
  for (const { output } of [
    await official.responses.stream(asked).finalResponse(),
    await official.responses.create(asked),
  ]) {
    assert.deepEqual(
      output.map((item) => item.type === 'custom_tool_call' && [item.call_id, item.name, item.input]),
      [['call_p', 'apply_patch', '*** Begin "Patch"\n']],
    )
  }
})

test('the official client is told that an answer was cut off', async () => {
  const response = await official.responses.stream({ model: 'cut', input: 'hi' }).finalResponse()
  assert.deepEqual([response.status, response.incomplete_details], ['incomplete', { reason: 'max_output_tokens' }])
})

test('the official client throws where a stream breaks, whichever way it reads it', async () => {
  const isBroken = (error: unknown): boolean =>
    error instanceof APIError && error.code === 'upstream_error' && /The server failed/.test(error.message)
  await assert.rejects(official.responses.stream({ model: 'broken', input: 'hi' }).finalResponse(), isBroken)
  const heard: string[] = []
  await assert.rejects(async () => {
    for await (const event of await official.responses.create({ model: 'broken', input: 'hi', stream: true })) {
      if (event.type === 'response.output_text.delta') heard.push(event.delta)
    }
  }, isBroken)
  assert.deepEqual(heard, ['So far'])
  await assert.rejects(official.responses.stream({ model: 'crowded', input: 'hi' }).finalResponse(), /queue is full/)
})

/** All that the AI SDK makes of a stream. */
async function heardByAiSdk(model: string): Promise<{ said: string; thought: string; rest: unknown[] }> {
  const result = streamText({
    model: createOpenAI({ baseURL, apiKey: 'none' })(model),
    prompt: 'hi',
    maxRetries: 0,
    onError: () => {},
    tools: { weather: tool({ description: weather.description, inputSchema: jsonSchema(weather.parameters) }) },
  })
  let said = ''
  let thought = ''
  const rest: unknown[] = []
  for await (const part of result.fullStream) {
    if (part.type === 'text-delta') said += part.text
    else if (part.type === 'reasoning-delta') thought += part.text
    else if (part.type === 'tool-call') rest.push([part.toolCallId, part.toolName, part.input])
    else if (part.type === 'error') rest.push('error')
    else if (part.type === 'finish')
      rest.push([part.finishReason, part.totalUsage.inputTokens, part.totalUsage.outputTokens])
  }
  return { said, thought, rest }
}

test('the AI SDK hears text, thoughts, calls, the end and the counts', async () => {
  assert.deepEqual(await heardByAiSdk('text'), {
    said: 'Grüße aus 東京 🦊!',
    thought: 'Hm, hello.',
    rest: [['stop', 9, 7]],
  })
  const { said, rest } = await heardByAiSdk('calls')
  assert.equal(said, 'Let me look.')
  assert.deepEqual(rest, [
    ['call_a', 'weather', { city: 'Paris' }],
    ['call_b', 'weather', { city: 'Rome' }],
    ['tool-calls', 9, 7],
  ])
  assert.deepEqual((await heardByAiSdk('cut')).rest[0], ['length', undefined, undefined])
})

test('the AI SDK is told once that a stream broke', async () => {
  const { said, rest } = await heardByAiSdk('broken')
  assert.equal(said, 'So far')
  assert.deepEqual(rest, ['error', ['error', undefined, undefined]])
})
