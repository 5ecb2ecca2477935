import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Health } from '../core/backend.ts'
import { isObject } from '../core/json.ts'
import { answering, recorded, type Script } from '../../test/conformance/backend.ts'
import { llamacpp } from './llamacpp.ts'

const missing = { status: 501 }

const script: Script = {
  '/props': recorded('llamacpp/props'),
  '/v1/models': recorded('llamacpp/v1-models'),
  '/metrics': recorded('llamacpp/metrics-busy'),
  '/slots': recorded('llamacpp/slots-busy'),
  '/v1/embeddings': recorded('llamacpp/embeddings-unsupported-501'),
}

const probe = (more: Script = {}): Promise<Health> => llamacpp.probe(answering({ ...script, ...more }).call)

const propsWith = (more: object): Script => {
  const { json } = recorded('llamacpp/props')
  assert.ok(isObject(json))
  return { '/props': { status: 200, json: { ...json, ...more } } }
}

test('a probe tells version, slots, the context of one of them, and what waits for one', async () => {
  const { version, models, gauge, advice } = await probe()
  assert.equal(version, 'b11669-Debian')
  const [fox] = models
  assert.deepEqual([fox?.id, fox?.contextTokens, fox?.slots, fox?.loaded], ['fox', 512, 2, true])
  assert.deepEqual(gauge, { running: 1, waiting: 1 })
  assert.deepEqual(await llamacpp.gauge!(answering(script).call), gauge)
  assert.equal(advice, undefined)
})

test('where metrics are off the slots tell what runs, and where both are nobody knows', async () => {
  assert.deepEqual((await probe({ '/metrics': missing })).gauge, { running: 1, waiting: 0 })
  const { call, asked } = answering({ ...script, ...propsWith({ endpoint_metrics: false, endpoint_slots: false }) })
  assert.equal((await llamacpp.probe(call)).gauge, undefined)
  assert.ok(!asked.some((request) => /metrics|slots/.test(request)), 'what is known to be off is not asked')
})

test('it can do what its template, its eyes and ears and its switches allow', async () => {
  const can = async (more: Script): Promise<unknown> => [...((await probe(more)).models[0]?.can ?? [])].toSorted()
  assert.deepEqual(await can({}), ['chat', 'text', 'thinking'])
  assert.deepEqual(await can(propsWith({ chat_template_caps: { supports_tools: true } })), [
    'chat',
    'text',
    'thinking',
    'tools',
  ])
  assert.deepEqual(await can(propsWith({ modalities: { vision: true, audio: true } })), [
    'audio',
    'chat',
    'text',
    'thinking',
    'vision',
  ])
  // Any other answer to a request for nothing: it would do it.
  assert.deepEqual(await can({ '/v1/embeddings': { status: 400 } }), ['chat', 'text', 'thinking', 'vectors'])
  // An older build does not tell of tools.
  assert.ok(((await can(propsWith({ chat_template_caps: undefined }))) as string[]).includes('tools'))
})

test('that several slots may share one context is told', async () => {
  const { advice } = await probe({ '/props': recorded('llamacpp/props-shared-pool') })
  assert.match(advice![0]!, /its 4 slots share one context of 512 tokens.*--parallel 4 -c 2048\.$/)
})

test('one that sleeps is up and not loaded, one that still loads is not up, and another is not it', async () => {
  assert.equal((await probe(propsWith({ is_sleeping: true }))).models[0]?.loaded, false)
  await assert.rejects(probe({ '/props': recorded('llamacpp/v1-models-loading-503') }), { kind: 'upstream-busy' })
  await assert.rejects(probe({ '/props': { status: 200, json: { hello: 1 } } }), { message: /check its kind/ })
})

test('tokens are counted in one step, by older builds in two, and never by loading a model', async () => {
  const body = { model: 'fox', messages: [{ role: 'user', content: 'Say something.' }] }
  const now = answering({ 'POST /v1/chat/completions/input_tokens': recorded('llamacpp/input-tokens') })
  assert.equal(await llamacpp.countTokens!(now.call, body), 66)
  const before = answering({
    'POST /apply-template': recorded('llamacpp/apply-template'),
    'POST /tokenize': recorded('llamacpp/tokenize'),
  })
  assert.equal(await llamacpp.countTokens!(before.call, body), 8)
  assert.match(String(before.requests.at(-1)?.body?.['content']), /^<\|im_start\|>user\nSay something\./)
  for (const request of [...now.asked, ...before.asked]) assert.match(request, /autoload=false$/)
  const unloaded = answering({ 'POST /v1/chat/completions/input_tokens': recorded('llamacpp/router-unload-again-400') })
  await assert.rejects(llamacpp.countTokens!(unloaded.call, body), { message: /model is not running/ })
})

test('what it does differently is proven: it carries on, and ends only what is streamed', () => {
  assert.deepEqual([llamacpp.resumes, llamacpp.stopsWhole], [['openai-chat', 'openai-completions'], false])
})
