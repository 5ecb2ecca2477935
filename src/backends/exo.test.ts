import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Health } from '../core/backend.ts'
import { answering, inUse, recorded, type Script, settingOf } from '../../test/conformance/backend.ts'
import { exo } from './exo.ts'

const qwen = 'mlx-community/Qwen3-8B-4bit'
const llama = 'mlx-community/Llama-3.2-1B-Instruct-4bit'

const probe = (state: string, list = 'exo/v1-models'): Promise<Health> =>
  exo.probe(answering({ '/v1/models?status=downloaded': recorded(list), '/state': recorded(state) }).call)

const loaded = ({ models }: Health): unknown => Object.fromEntries(models.map(({ id, loaded: is }) => [id, is]))

test('of what is downloaded, only what is placed and has come up is loaded', async () => {
  assert.deepEqual(loaded(await probe('exo/state')), { [qwen]: true, [llama]: false })
  assert.deepEqual(loaded(await probe('exo/state-loading')), { [qwen]: false, [llama]: false })
  assert.deepEqual(loaded(await probe('exo/state-empty')), { [qwen]: false, [llama]: false })
})

test('what is placed is served whether or not it is listed', async () => {
  assert.deepEqual(loaded(await probe('exo/state', 'ollama/v1-models-none')), { [qwen]: true })
})

const able: Script = {
  '/state': recorded('exo/state'),
  'POST /place_instance': recorded('exo/place-instance'),
  '/instance/await': recorded('exo/await-ready'),
  'DELETE /instance/instance-1': recorded('exo/delete-instance'),
}

test('a model is placed and waited for', async () => {
  const { call, asked, requests } = answering(able)
  await exo.load!(call, settingOf(llama), inUse)
  assert.deepEqual(asked, [
    'GET /state',
    'POST /place_instance',
    `GET /instance/await?model_id=${encodeURIComponent(llama)}&timeout_seconds=600`,
  ])
  assert.equal(requests[1]?.body?.['model_id'], llama)
  assert.ok(requests[2]!.timeoutMs! > 600_000)
})

test('one that is placed is not placed again, but waited for', async () => {
  const { call, asked } = answering({ ...able, '/state': recorded('exo/state-loading') })
  await exo.load!(call, settingOf(qwen), inUse)
  assert.ok(!asked.includes('POST /place_instance'))
  assert.equal(asked.length, 2)
})

test('that it did not come is a fault, although it comes under HTTP 200', async () => {
  const { call } = answering({ ...able, '/instance/await': recorded('exo/await-timeout') })
  await assert.rejects(exo.load!(call, settingOf(llama), inUse), { kind: 'upstream-slow' })
})

test('all instances of a model are taken away, and those of others stay', async () => {
  const { call, asked } = answering(able)
  await exo.unload!(call, llama)
  assert.deepEqual(asked, ['GET /state'])
  await exo.unload!(call, qwen)
  assert.equal(asked.at(-1), 'DELETE /instance/instance-1')
})
