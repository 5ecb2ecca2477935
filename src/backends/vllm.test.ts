import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Health } from '../core/backend.ts'
import { answering, edited, recorded, type Script } from '../../test/conformance/backend.ts'
import { vllm } from './vllm.ts'

const script: Script = {
  '/health': recorded('vllm/health'),
  '/version': recorded('vllm/version'),
  '/v1/models': recorded('vllm/v1-models'),
  '/metrics': recorded('vllm/metrics'),
}

const probe = (more: Script = {}): Promise<Health> => vllm.probe(answering({ ...script, ...more }).call)

test('a probe tells version, models with their context, and how busy all engines together are', async () => {
  const { version, models, gauge, advice } = await probe()
  assert.equal(version, '0.20.0')
  assert.deepEqual(
    models.map(({ id, contextTokens, loaded }) => [id, contextTokens, loaded]),
    [
      ['qwen3-8b', 32_768, true],
      ['sql-adapter', undefined, true],
    ],
  )
  assert.deepEqual(gauge, { running: 8, waiting: 2, memory: 0.5 })
  assert.deepEqual(await vllm.gauge!(answering(script).call), gauge)
  assert.equal(advice, undefined)
})

test('older names are known too, and memory that is too small is told of', async () => {
  const { gauge, advice } = await probe({ '/metrics': recorded('vllm/metrics-older') })
  assert.deepEqual(gauge, { running: 1, waiting: 7, memory: 0.98 })
  assert.match(advice![0]!, /12 requests anew for want of memory/)
})

test('a dead engine is down although its list still answers; a server without metrics is not', async () => {
  await assert.rejects(probe({ '/health': recorded('vllm/health-dead-503') }), { message: /engine has died/ })
  const missing = { status: 404 }
  const { models, gauge } = await probe({ '/metrics': missing, '/version': missing, '/health': missing })
  assert.equal(models.length, 2)
  assert.equal(gauge, undefined)
})

test('tokens are counted from messages and tools alone', async () => {
  const { call, requests } = answering({ 'POST /tokenize': recorded('vllm/tokenize') })
  const tools = [{ type: 'function', function: { name: 'f' } }]
  const body = { model: 'm', messages: [], tools, stream: true, temperature: 1 }
  assert.equal(await vllm.countTokens!(call, body), 14)
  assert.deepEqual(requests[0]?.body, { model: 'm', messages: [], tools })
})

test('what vLLM adds to sampling passes, and the least is not more than the most', () => {
  const body = {
    model: 'm',
    top_k: 5,
    structured_outputs: { regex: 'a' },
    min_tokens: 5,
    max_tokens: 5,
    include_reasoning: true,
  }
  assert.deepEqual(edited(vllm, 'openai-chat', body), body)
  for (const limit of [{ max_tokens: 4 }, { max_completion_tokens: 4 }]) {
    assert.throws(() => edited(vllm, 'openai-chat', { model: 'm', min_tokens: 5, ...limit }), {
      message: 'min_tokens must not be more than the limit of 4.',
    })
  }
})

test('a beginning is carried on only when it is told to, and a caller may tell it', () => {
  assert.deepEqual(vllm.continueEdits, { continue_final_message: true, add_generation_prompt: false })
  const body = { model: 'm', ...vllm.continueEdits }
  assert.deepEqual(edited(vllm, 'openai-chat', body), body)
})
