import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Health } from '../core/backend.ts'
import { answering, recorded, type Script } from '../../test/conformance/backend.ts'
import { sglang } from './sglang.ts'

const script: Script = {
  '/health': recorded('sglang/health'),
  '/v1/models': recorded('sglang/v1-models'),
  '/get_model_info': recorded('sglang/model-info'),
  '/get_server_info': recorded('sglang/server-info'),
  '/metrics': recorded('sglang/metrics'),
}

const missing = { status: 404 }

const probe = (more: Script = {}): Promise<Health> => sglang.probe(answering({ ...script, ...more }).call)

test('a probe tells what the model can do, how many it serves at once, and how busy it is', async () => {
  const { version, models, gauge, advice } = await probe()
  assert.equal(version, '0.5.6')
  const [model] = models
  assert.deepEqual([model?.id, model?.contextTokens, model?.slots, model?.loaded], ['Qwen/Qwen3-8B', 40_960, 16, true])
  assert.deepEqual(model?.can, new Set(['chat', 'text', 'thinking', 'vision', 'tools']))
  assert.deepEqual(gauge, { running: 4, waiting: 1, memory: 0.31 })
  assert.equal(advice, undefined)
})

test('nothing of what it was started with is kept: its key is among it', async () => {
  assert.ok(!JSON.stringify(await probe()).includes('made-up-key'))
})

test('without a parser no tools, and the operator hears of it', async () => {
  const { models, advice } = await probe({ '/get_server_info': recorded('sglang/server-info-no-tools') })
  assert.equal(models[0]?.can?.has('tools'), false)
  assert.match(advice![0]!, /--tool-call-parser/)
})

test('a model for vectors only makes vectors', async () => {
  const { models, advice } = await probe({ '/get_model_info': recorded('sglang/model-info-embedding') })
  assert.deepEqual(models[0]?.can, new Set(['vectors']))
  assert.equal(advice, undefined)
})

test('newer names of its pages are known, and without any of them it is a server with a model', async () => {
  const renamed = { '/get_model_info': missing, '/get_server_info': missing, '/metrics': missing }
  const { models } = await probe({
    ...renamed,
    '/model_info': recorded('sglang/model-info'),
    '/server_info': recorded('sglang/server-info'),
  })
  assert.equal(models[0]?.slots, 16)
  assert.ok(models[0]?.can?.has('vision'))
  const bare = await probe(renamed)
  assert.deepEqual([bare.models[0]?.id, bare.models[0]?.can, bare.gauge], ['Qwen/Qwen3-8B', undefined, undefined])
})

test('without metrics it still tells what its engines have in hand', async () => {
  const { gauge } = await probe({ '/metrics': missing, '/get_load': recorded('sglang/get-load') })
  assert.deepEqual(gauge, { running: 4, waiting: 1 })
  const { call } = answering({ '/metrics': missing, '/get_load': recorded('sglang/get-load') })
  assert.deepEqual(await sglang.gauge!(call), gauge)
  const nonsense = { status: 200, json: [{ num_reqs: 'many' }] }
  assert.equal((await probe({ '/metrics': missing, '/get_load': nonsense })).gauge, undefined)
})

test('one that is not well is down', async () => {
  await assert.rejects(probe({ '/health': { status: 503 } }), { kind: 'upstream-broke', message: /not well/ })
})
