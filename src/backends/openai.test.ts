import assert from 'node:assert/strict'
import { test } from 'node:test'
import { edited, settingOf } from '../../test/conformance/backend.ts'
import { openAi } from './openai.ts'

test('OpenAI gets only what it knows: no local extensions, the newer name of the limit, no thoughts of others', () => {
  const body = {
    model: 'm',
    max_tokens: 5,
    top_k: 1,
    chat_template_kwargs: {},
    temperature: 0,
    messages: [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b', reasoning_content: 'c' },
    ],
  }
  assert.deepEqual(edited(openAi, 'openai-chat', body), {
    model: 'm',
    max_completion_tokens: 5,
    temperature: 0,
    messages: [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
    ],
  })
  const plain = { model: 'm', messages: [], stream_options: {}, max_completion_tokens: 5 }
  assert.equal(openAi.edits?.('openai-chat', plain, settingOf()), undefined)
  assert.deepEqual(edited(openAi, 'openai-chat', { ...plain, max_tokens: 9 }), plain)
})

test('a limit of nothing is not handed on under either name', () => {
  for (const limit of [0, -1]) {
    const body = { model: 'm', max_tokens: limit, max_completion_tokens: limit }
    assert.deepEqual(edited(openAi, 'openai-chat', body), { model: 'm' })
  }
})

test('models that think are not told how to choose their words', () => {
  const body = { model: 'm', temperature: 0.2, top_p: 1, presence_penalty: 0, frequency_penalty: 0, seed: 1 }
  for (const model of ['gpt-5', 'gpt-5-mini', 'gpt-5-nano-2025-08-07', 'o3', 'o4-mini']) {
    assert.deepEqual(edited(openAi, 'openai-chat', body, settingOf(model)), { model: 'm', seed: 1 }, model)
  }
  for (const model of ['gpt-4o', 'gpt-4.1-mini', 'gpt-5.4-mini', 'gpt-5-chat-latest', 'ollama-model']) {
    assert.deepEqual(edited(openAi, 'openai-chat', body, settingOf(model)), body, model)
  }
})

test('nothing is started there that would go on without us', () => {
  const body = { model: 'm', input: 'a', previous_response_id: 'resp_1', conversation: 'conv_1' }
  assert.deepEqual(edited(openAi, 'openai-responses', { ...body, background: true }), body)
})

test('it may fetch pictures by itself', () => {
  const part = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } }
  const body = { model: 'm', messages: [{ role: 'user', content: [part] }] }
  assert.equal(openAi.edits?.('openai-chat', body, settingOf()), undefined)
})

test('it costs money, stands on no port of ours, and keeps what was said', () => {
  assert.deepEqual([openAi.tier, openAi.usualPort, openAi.remembers], [1, undefined, true])
})
