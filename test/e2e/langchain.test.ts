import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ChatAnthropic } from '@langchain/anthropic'
import type { BaseChatModel } from '@langchain/core/language_models/chat_models'
import type { AIMessageChunk } from '@langchain/core/messages'
import { ChatOllama } from '@langchain/ollama'
import { ChatOpenAI } from '@langchain/openai'
import { recital } from '../../src/sim/recital.ts'
import { model, stage } from './rig.ts'
import { langChainEmbedders, langChainSpeakers } from './speakers/langchain.ts'
import { table, vectorTable } from './table.ts'
import { allKinds, kinds } from './witness.ts'

table(langChainSpeakers)
vectorTable(langChainEmbedders)

const chats: Readonly<Record<string, (url: string) => BaseChatModel>> = {
  ChatOpenAI: (url) =>
    new ChatOpenAI({ model, apiKey: 'none', configuration: { baseURL: `${url}/v1` }, maxRetries: 0 }),
  // It has to be there already, and is not fetched when it is.
  ChatOllama: (url) => new ChatOllama({ model, baseUrl: url, checkOrPullModel: true, maxRetries: 0 }),
  ChatAnthropic: (url) =>
    new ChatAnthropic({ model, apiKey: 'none', anthropicApiUrl: url, maxTokens: 1_000, maxRetries: 0 }),
}

const asked = 'Say 12 words.'
const person = {
  title: 'person',
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer' } },
  required: ['name', 'age'],
}

for (const [name, at] of Object.entries(chats)) {
  suite(`LangChain's ${name}`, { concurrency: 8 }, () => {
    for (const kind of allKinds) {
      test(`${name} has the counts of ${kind}, streamed and not`, async (t) => {
        const { url } = await stage(t, kind)
        const chat = at(url)
        const whole = await chat.invoke(asked)
        let streamed: AIMessageChunk | undefined
        for await (const piece of await chat.stream(asked))
          streamed = streamed === undefined ? piece : streamed.concat(piece)
        for (const message of [whole, streamed!]) {
          assert.equal(message.text, recital(asked))
          const { input_tokens: read, output_tokens: said } = message.usage_metadata!
          // It adds up what is told at the start, when nobody has counted yet, and at the end.
          if (message === streamed && name === 'ChatAnthropic') assert.ok(read >= 4 && said >= 12 && said <= 13)
          else assert.deepEqual([read, said], [4, 12])
        }
      })
    }

    for (const kind of kinds) {
      test(`${name} gets an object of its schema from ${kind}`, async (t) => {
        const { url } = await stage(t, kind)
        const answer = await at(url).withStructuredOutput(person).invoke(asked)
        assert.deepEqual(Object.keys(answer), ['name', 'age'])
      })

      test(`${name} asks ${kind} several things at once and mixes nothing up`, async (t) => {
        const { url } = await stage(t, kind)
        const questions = Array.from({ length: 6 }, (_, index) => `Say ${index + 3} words.`)
        const answers = await at(url).batch(questions)
        assert.deepEqual(
          answers.map(({ text }) => text),
          questions.map((question) => recital(question)),
        )
      })
    }
  })
}
