import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import Older from 'anthropic-sdk-0.122'
import { recital, thought } from '../../src/sim/recital.ts'
import { model, pixel, stage } from './rig.ts'
import { anthropicSdk, type AnthropicClient, newer, older, olderAnthropicSdk } from './speakers/anthropic.ts'
import { table } from './table.ts'
import { allKinds } from './witness.ts'

table([anthropicSdk, olderAnthropicSdk])

const versions = { '1.11': newer, '0.122': older }
const asked = 'Say 12 words.'
const messages: Anthropic.MessageParam[] = [{ role: 'user', content: asked }]
const body = { model, max_tokens: 1_000, messages }

for (const [version, at] of Object.entries(versions)) {
  const name = `@anthropic-ai/sdk ${version}`

  suite(name, { concurrency: 8 }, () => {
    for (const kind of allKinds) {
      test(`${name} hears how an answer of ${kind} ended, and its counts, streamed and not`, async (t) => {
        const { url } = await stage(t, kind)
        const { messages: client } = at(url, {})
        for (const message of [await client.create(body), await client.stream(body).finalMessage()]) {
          assert.deepEqual([message.type, message.role, message.model], ['message', 'assistant', model])
          assert.deepEqual(
            message.content.map(({ type }) => type),
            ['text'],
          )
          assert.deepEqual([message.stop_reason, message.usage.output_tokens], ['end_turn', 12])
          assert.equal(message.usage.input_tokens, 4)
        }
        const cut = await client.stream({ ...body, max_tokens: 5 }).finalMessage()
        assert.equal(cut.stop_reason, 'max_tokens')
      })

      test(`${name} hears ${kind} think, and hands the thought back`, async (t) => {
        const { url } = await stage(t, kind, {
          server: { models: [{ name: model, contextTokens: 64_000, thinks: true }] },
        })
        const { messages: client } = at(url, {})
        const thinking = { type: 'enabled' as const, budget_tokens: 1_024 }
        const asking = { ...body, max_tokens: 2_000, thinking }
        for (const { content } of [await client.create(asking), await client.stream(asking).finalMessage()]) {
          const [first, second] = content
          assert.ok(first?.type === 'thinking' && second?.type === 'text')
          assert.deepEqual([first.thinking, second.text], [thought(asked), recital(asked)])
          const next = 'Say 9 words.'
          const turns = [...messages, { role: 'assistant' as const, content }, { role: 'user' as const, content: next }]
          const after = await client.create({ ...asking, messages: turns })
          assert.ok(after.content.some((block) => block.type === 'text' && block.text === recital(next)))
        }
      })

      test(`${name} shows ${kind} an image`, async (t) => {
        const { url, server } = await stage(t, kind, {
          server: { models: [{ name: model, contextTokens: 8_192, sees: true }] },
        })
        const source = { type: 'base64' as const, media_type: 'image/png' as const, data: pixel }
        const content = [
          { type: 'image' as const, source },
          { type: 'text' as const, text: asked },
        ]
        const message = await at(url, {}).messages.create({ ...body, messages: [{ role: 'user', content }] })
        assert.ok(message.content[0]?.type === 'text' && message.content[0].text === recital(asked))
        assert.ok(JSON.stringify(server.heard[0]).includes(pixel))
      })

      test(`${name} has tokens counted before ${kind}`, async (t) => {
        const { url } = await stage(t, kind)
        const { messages: client } = at(url, {})
        const { input_tokens: few } = await client.countTokens({ model, messages })
        const { input_tokens: many } = await client.countTokens({
          model,
          messages: [{ role: 'user', content: asked.repeat(50) }],
        })
        assert.ok(few >= 4 && few < 40 && many >= 150, `${few}, ${many}`)
      })
    }

    test(`${name} lists the models page by page, from either end, and retrieves one`, async (t) => {
      const names = ['llama3.1:8b', 'phi4-mini:latest', 'qwen3:32b', 'gemma3:4b', 'gpt-oss:20b']
      const models = names.map((one) => ({ name: one, contextTokens: 8_192 }))
      const { url } = await stage(t, 'ollama', { server: { models, engine: { loadedMax: 5 } } })
      const { models: client } = at(url, {})
      const seen: string[] = []
      for await (const { id, type, display_name: title, created_at: created } of client.list({ limit: 2 })) {
        assert.ok(type === 'model' && title !== '' && !Number.isNaN(Date.parse(created)))
        seen.push(id)
      }
      assert.deepEqual([...seen].sort(), [...names].sort())
      const first = await client.list({ limit: 2 })
      assert.deepEqual([first.has_more, first.first_id, first.last_id], [true, seen[0], seen[1]])
      const before = await client.list({ limit: 2, before_id: seen[3]! })
      assert.deepEqual([before.data.map(({ id }) => id), before.has_more], [[seen[1], seen[2]], true])
      assert.equal((await client.retrieve('phi4-mini')).id, 'phi4-mini:latest')
      await assert.rejects(client.retrieve('nobody'), { status: 404 })
    })
  })
}

const doors: Readonly<Record<string, (url: string, key: string) => AnthropicClient>> = {
  '1.11 with an API key': (baseURL, apiKey) => new Anthropic({ baseURL, apiKey, authToken: null, maxRetries: 0 }),
  '1.11 with a token': (baseURL, authToken) => new Anthropic({ baseURL, authToken, apiKey: null, maxRetries: 0 }),
  '0.122 with an API key': (baseURL, apiKey) =>
    new Older({ baseURL, apiKey, authToken: null, maxRetries: 0 }) as unknown as AnthropicClient,
  '0.122 with a token': (baseURL, authToken) =>
    new Older({ baseURL, authToken, apiKey: null, maxRetries: 0 }) as unknown as AnthropicClient,
}

for (const [name, at] of Object.entries(doors)) {
  test(`@anthropic-ai/sdk ${name} is known at every door of Anthropic's, and with a wrong one at none`, async (t) => {
    const { url, server } = await stage(t, 'ollama', { config: { callers: [{ name: 'me', key: 'sesame' }] } })
    const { messages: talk, models } = at(url, 'sesame')
    assert.equal((await talk.create(body)).stop_reason, 'end_turn')
    assert.ok((await talk.countTokens({ model, messages })).input_tokens > 0)
    assert.equal((await models.list()).data.length, 1)
    const stranger = at(url, 'guess')
    const ways = [
      stranger.messages.create(body),
      stranger.messages.countTokens({ model, messages }),
      stranger.models.list(),
    ]
    await Promise.all(ways.map((way) => assert.rejects(way, { status: 401, type: 'authentication_error' })))
    assert.equal(server.heard.length, 1)
  })
}
