import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Health } from '../core/backend.ts'
import { answering, edited, recorded, type Script } from '../../test/conformance/backend.ts'
import { tgi } from './tgi.ts'

const script: Script = {
  '/health': recorded('tgi/health'),
  '/info': recorded('tgi/info'),
  '/metrics': recorded('tgi/metrics'),
}

const probe = (more: Script = {}): Promise<Health> => tgi.probe(answering({ ...script, ...more }).call)

test('a probe tells the one model, how much it holds, and how busy it is', async () => {
  const { version, models, gauge } = await probe()
  assert.equal(version, '3.3.6')
  const [model] = models
  assert.deepEqual([model?.id, model?.contextTokens], ['meta-llama/Llama-3.1-8B-Instruct', 8_192])
  assert.deepEqual(model?.can, new Set(['chat', 'text', 'tools', 'thinking']))
  assert.deepEqual(gauge, { running: 3, waiting: 2 })
  assert.deepEqual(await tgi.gauge!(answering(script).call), gauge)
  assert.ok((await probe({ '/info': recorded('tgi/info-vision') })).models[0]?.can?.has('vision'))
})

test('one that is not well is down, and one of another kind is not it', async () => {
  await assert.rejects(probe({ '/health': recorded('tgi/health-503') }), { message: /not well/ })
  await assert.rejects(probe({ '/info': { status: 200, json: { name: 'x' } } }), { message: /check its kind/ })
})

test('tokens are those of the conversation written out', async () => {
  const { call, requests } = answering({ 'POST /chat_tokenize': recorded('tgi/chat-tokenize') })
  assert.equal(await tgi.countTokens!(call, { model: 'm', messages: [], stream: true }), 4)
  assert.deepEqual(requests[0]?.body, { model: 'm', messages: [] })
})

test('it hears of the limit under the name it knows, and nothing of what it does not know', () => {
  const body = { model: 'm', messages: [], max_completion_tokens: 5 }
  assert.deepEqual(edited(tgi, 'openai-chat', { ...body, top_k: 1, guideline: 'x' }), { ...body, max_tokens: 5 })
})
