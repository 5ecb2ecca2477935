import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import {
  generateText,
  jsonSchema,
  type LanguageModel,
  type ModelMessage,
  Output,
  streamText,
  tool,
  type ToolSet,
} from 'ai'
import { recital } from '../../src/sim/recital.ts'
import { endless, model as name, pixel, stage, stops } from './rig.ts'
import { kinds } from './witness.ts'

function modelAt(url: string): LanguageModel {
  return createOpenAICompatible({
    name: 'spillway',
    baseURL: `${url}/v1`,
    includeUsage: true,
    supportsStructuredOutputs: true,
  })(name)
}

const prompt = 'Say 12 words.'
const person = { type: 'object', properties: { name: { type: 'string' }, age: { type: 'integer' } } } as const
const tools: ToolSet = {
  weather: tool({
    description: 'Tells the weather.',
    inputSchema: jsonSchema({
      type: 'object',
      required: ['city'],
      properties: { city: { type: 'string' }, days: { type: 'integer' } },
    }),
  }),
}

for (const kind of kinds) {
  test(`the AI SDK hears a whole answer of ${kind} with its counts`, async (t) => {
    const { url } = await stage(t, kind)
    const { text, finishReason, usage } = await generateText({ model: modelAt(url), prompt })
    assert.deepEqual([text, finishReason], [recital(prompt), 'stop'])
    assert.deepEqual([usage.inputTokens, usage.outputTokens], [4, 12])
  })

  test(`the AI SDK hears every token of ${kind} once and in order, and the counts at the end`, async (t) => {
    const { url, server } = await stage(t, kind, { server: { torn: 0.5 } })
    const answer = streamText({ model: modelAt(url), prompt })
    const words = await Array.fromAsync(answer.textStream)
    assert.equal(words.join(''), recital(prompt))
    assert.ok(words.length > 6, `it came in ${words.length} pieces`)
    assert.equal(await answer.finishReason, 'stop')
    const usage = await answer.usage
    assert.deepEqual([usage.inputTokens, usage.outputTokens], [4, 12])
    assert.deepEqual([server.ledger.asked, server.ledger.whole], [1, 1])
  })

  test(`the AI SDK limits an answer of ${kind}`, async (t) => {
    const { url } = await stage(t, kind)
    const { text, finishReason } = await generateText({ model: modelAt(url), prompt, maxOutputTokens: 5 })
    assert.deepEqual([text, finishReason], [recital(prompt, 5), 'length'])
  })

  test(`the AI SDK gets a tool call of ${kind}, streamed and not, and words once the result is there`, async (t) => {
    const { url, server } = await stage(t, kind)
    const whole = await generateText({ model: modelAt(url), prompt, tools })
    const streamed = streamText({ model: modelAt(url), prompt, tools })
    for (const calls of [whole.toolCalls, await streamed.toolCalls]) {
      assert.deepEqual(
        calls.map(({ toolName }) => toolName),
        ['weather'],
      )
      assert.deepEqual(Object.keys(calls[0]!.input as object), ['city', 'days'])
    }
    assert.deepEqual([whole.finishReason, await streamed.finishReason], ['tool-calls', 'tool-calls'])
    const { toolCallId, toolName } = whole.toolCalls[0]!
    const output = { type: 'text' as const, value: 'sunny' }
    const messages: ModelMessage[] = [
      { role: 'user', content: prompt },
      ...whole.response.messages,
      { role: 'tool', content: [{ type: 'tool-result', toolCallId, toolName, output }] },
    ]
    const after = await generateText({ model: modelAt(url), messages, tools })
    assert.equal(after.text, recital(prompt))
    const told = server.heard.at(-1)!['messages'] as { role: string; content: string }[]
    assert.deepEqual(
      told.map(({ role }) => role),
      ['user', 'assistant', 'tool'],
    )
    assert.equal(told[2]?.content, 'sunny')
  })

  test(`the AI SDK gets an object of its schema from ${kind}, and any JSON`, async (t) => {
    const { url, server } = await stage(t, kind)
    const { output } = await generateText({
      model: modelAt(url),
      prompt,
      output: Output.object({ schema: jsonSchema(person) }),
    })
    assert.deepEqual(Object.keys(output as object), ['name', 'age'])
    const heard = server.heard[0]!
    const format = heard['response_format'] as { json_schema: { schema: unknown } }
    const { properties } = (kind === 'ollama' ? heard['format'] : format.json_schema.schema) as typeof person
    assert.deepEqual(properties, person.properties)
    const any = await generateText({ model: modelAt(url), prompt, output: Output.json() })
    assert.deepEqual(Object.keys(any.output as object), ['answer'])
  })

  test(`the AI SDK hears the thoughts of ${kind} apart from its words`, async (t) => {
    const { url, server } = await stage(t, kind)
    server.thoughts = ['Let me ', 'see. ']
    const providerOptions = { spillway: { reasoningEffort: 'high' } }
    const answer = streamText({ model: modelAt(url), prompt, providerOptions })
    assert.deepEqual([await answer.text, await answer.reasoningText], [recital(prompt), 'Let me see. '])
    const heard = server.heard[0]!
    assert.equal(kind === 'ollama' ? heard['think'] : heard['reasoning_effort'], 'high')
  })

  test(`an image from the AI SDK reaches ${kind} in its own form`, async (t) => {
    const { url, server } = await stage(t, kind)
    const file = { type: 'file' as const, data: Buffer.from(pixel, 'base64'), mediaType: 'image/png' }
    const content = [{ type: 'text' as const, text: prompt }, file]
    const { text } = await generateText({ model: modelAt(url), messages: [{ role: 'user', content }] })
    assert.equal(text, recital(prompt))
    const [message] = server.heard[0]!['messages'] as [
      { content: { type: string; image_url?: { url: string } }[]; images?: unknown },
    ]
    if (kind === 'ollama') assert.deepEqual([message.content, message.images], [prompt, [pixel]])
    else assert.equal(message.content[1]?.image_url?.url, `data:image/png;base64,${pixel}`)
  })

  test(`the AI SDK going away in mid-stream stops ${kind}`, async (t) => {
    const { url, server } = await stage(t, kind)
    const leaving = new AbortController()
    const answer = streamText({ model: modelAt(url), prompt: endless, abortSignal: leaving.signal })
    let words = 0
    for await (const part of answer.fullStream) {
      words += part.type === 'text-delta' ? 1 : 0
      if (words === 5) leaving.abort()
    }
    await stops(server)
    assert.equal(server.ledger.aborted, 1)
  })
}
