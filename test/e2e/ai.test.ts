import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { generateText, jsonSchema, type ModelMessage, Output, stepCountIs, streamText, tool } from 'ai'
import { recital, thought } from '../../src/sim/recital.ts'
import { model, pixel, stage } from './rig.ts'
import { aiEmbedders, aiSpeakers, anthropicAt, compatibleAt, openAiChatAt, openAiResponsesAt } from './speakers/ai.ts'
import { weather } from './speakers/speaker.ts'
import { table, vectorTable } from './table.ts'
import { allKinds, kinds } from './witness.ts'

table(aiSpeakers)
vectorTable(aiEmbedders)

const providers = {
  'openai-compatible': compatibleAt,
  'openai, chat': openAiChatAt,
  'openai, responses': openAiResponsesAt,
  anthropic: anthropicAt,
}

const prompt = 'Say 12 words.'
const person = {
  type: 'object' as const,
  properties: { name: { type: 'string' as const }, age: { type: 'integer' as const } },
  required: ['name', 'age'],
  additionalProperties: false,
}

for (const [provider, at] of Object.entries(providers)) {
  const name = `the AI SDK (${provider})`

  suite(name, { concurrency: 8 }, () => {
    for (const kind of allKinds) {
      test(`${name} has the counts of ${kind}, streamed and not`, async (t) => {
        const { url } = await stage(t, kind)
        const whole = await generateText({ model: at(url, {}), prompt })
        const streamed = streamText({ model: at(url, {}), prompt })
        await streamed.consumeStream()
        for (const answer of [whole, streamed]) {
          const { inputTokens, outputTokens } = await answer.usage
          assert.deepEqual([await answer.text, await answer.finishReason], [recital(prompt), 'stop'])
          assert.deepEqual([inputTokens, outputTokens], [4, 12])
        }
      })

      test(`${name} goes on with a conversation that ${kind} has spoken in`, async (t) => {
        const { url, server } = await stage(t, kind)
        const messages: ModelMessage[] = [{ role: 'user', content: prompt }]
        const { response } = await generateText({ model: at(url, {}), messages })
        messages.push(...response.messages, { role: 'user', content: 'Say 9 words.' })
        const { text } = await generateText({ model: at(url, {}), messages })
        assert.equal(text, recital('Say 9 words.'))
        assert.ok(JSON.stringify(server.heard[1]).includes(JSON.stringify(recital(prompt)).slice(1, -1)))
      })
    }

    for (const kind of kinds) {
      test(`${name} gets an object of its schema from ${kind}`, async (t) => {
        const { url } = await stage(t, kind)
        const output = Output.object({ schema: jsonSchema(person) })
        const answer = await generateText({ model: at(url, {}), prompt, output })
        assert.deepEqual(Object.keys(answer.output as object), ['name', 'age'])
      })

      test(`${name} runs its tool when ${kind} calls it, and goes on by itself`, async (t) => {
        const { url } = await stage(t, kind)
        const asked: unknown[] = []
        const execute = (input: unknown): string => {
          asked.push(input)
          return 'sunny'
        }
        const tools = {
          weather: tool({ description: weather.description, inputSchema: jsonSchema(weather.schema), execute }),
        }
        const { text, steps } = await generateText({ model: at(url, {}), prompt, tools, stopWhen: stepCountIs(3) })
        assert.deepEqual([text, steps.length, asked.length], [recital(prompt), 2, 1])
        assert.deepEqual(Object.keys(asked[0] as object), ['city', 'days'])
      })

      test(`${name} shows ${kind} an image`, async (t) => {
        const { url, server } = await stage(t, kind, {
          server: { models: [{ name: model, contextTokens: 8_192, sees: true }] },
        })
        const file = { type: 'file' as const, data: Buffer.from(pixel, 'base64'), mediaType: 'image/png' }
        const content = [{ type: 'text' as const, text: prompt }, file]
        const { text } = await generateText({ model: at(url, {}), messages: [{ role: 'user', content }] })
        assert.equal(text, recital(prompt))
        assert.ok(JSON.stringify(server.heard[0]).includes(pixel))
      })

      test(`${name} finds no reason to stop in a stream of ${kind} that breaks`, async (t) => {
        const { server, url } = await stage(t, kind)
        for (const by of ['cut', 'error'] as const) {
          server.mischief = { after: 7, by }
          const answer = streamText({ model: at(url, {}), prompt, maxRetries: 0, onError: () => {} })
          await answer.consumeStream()
          assert.equal(await answer.finishReason, 'error')
        }
      })
    }
  })
}

/** Not every provider has a word for thoughts, or one by which they are asked for. */
const thinkers = {
  'openai-compatible': [compatibleAt, { spillway: { reasoningEffort: 'high' } }],
  'openai, responses': [
    openAiResponsesAt,
    { openai: { reasoningEffort: 'high', reasoningSummary: 'auto', forceReasoning: true } },
  ],
  anthropic: [anthropicAt, { anthropic: { thinking: { type: 'enabled', budgetTokens: 1_024 } } }],
} as const

for (const [provider, [at, providerOptions]] of Object.entries(thinkers)) {
  for (const kind of allKinds) {
    test(`the AI SDK (${provider}) hears the thoughts of ${kind} apart from its words`, async (t) => {
      const { url } = await stage(t, kind, {
        server: { models: [{ name: model, contextTokens: 64_000, thinks: true }] },
      })
      const answer = streamText({ model: at(url, {}), prompt, providerOptions })
      assert.deepEqual([await answer.text, await answer.reasoningText], [recital(prompt), thought(prompt)])
    })
  }
}
