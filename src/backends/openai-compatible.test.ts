import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Health } from '../core/backend.ts'
import { answering, edited, recorded, settingOf } from '../../test/conformance/backend.ts'
import { openAiCompatible } from './openai-compatible.ts'

const probe = (json: unknown): Promise<Health> =>
  openAiCompatible.probe(answering({ '/v1/models': { status: 200, json } }).call)

const recordedJson = (name: string): unknown => recorded(name).json

test('models are listed as llama-server lists them, with the context of one slot', async () => {
  const [fox] = (await probe(recordedJson('llamacpp/v1-models'))).models
  assert.deepEqual([fox?.id, fox?.aliases, fox?.contextTokens, fox?.loaded], ['fox', undefined, 512, undefined])
})

test('a router tells which model is loaded, and we keep the paths of its machine to ourselves', async () => {
  const { models } = await probe(recordedJson('llamacpp/router-models-loaded'))
  assert.deepEqual(
    models.map(({ id, loaded, contextTokens }) => [id, loaded, contextTokens]),
    [
      ['count', true, 2048],
      ['slow-mid', false, 4096],
      ['slow-mid-b', false, 4096],
      ['tiny', false, 4096],
    ],
  )
  assert.ok(!JSON.stringify(models).includes('--model'))
})

test('a list that is null is an empty one, and what is no model is passed over', async () => {
  assert.deepEqual((await probe(recordedJson('ollama/v1-models-none'))).models, [])
  const { models } = await probe({ data: [null, {}, { id: '' }, { id: 'm', max_model_len: 8 }] })
  assert.deepEqual(
    models.map(({ id, contextTokens }) => [id, contextTokens]),
    [['m', 8]],
  )
  const [other] = (await probe({ data: [{ id: 'm', context_length: 9, max_model_len: null }] })).models
  assert.equal(other?.contextTokens, 9)
})

test('a server that still loads is not up', async () => {
  const loading = { '/v1/models': recorded('llamacpp/v1-models-loading-503') }
  await assert.rejects(openAiCompatible.probe(answering(loading).call), { kind: 'upstream-busy' })
})

test('a server that is known by more than this API is named, once', async () => {
  const advice = async (...owners: unknown[]): Promise<readonly string[]> =>
    (await probe({ data: owners.map((owner, i) => ({ id: `m${i}`, owned_by: owner })) })).advice ?? []
  assert.deepEqual(await advice('library', 'library'), ['This looks like Ollama: write kind: ollama, which does more.'])
  assert.match((await advice('vllm'))[0]!, /kind: vllm/)
  assert.deepEqual(await advice('openai', 'constructor', 7, undefined), [])
})

test('the limit is said under the older name too, for servers that know no other', () => {
  const limits = (body: object): unknown =>
    openAiCompatible.edits?.('openai-chat', { model: 'm', ...body }, settingOf())
  assert.deepEqual({ ...(limits({ max_completion_tokens: 5 }) as object) }, { max_tokens: 5 })
  assert.deepEqual({ ...(limits({ max_completion_tokens: 5, max_tokens: 9 }) as object) }, { max_tokens: 5 })
  assert.equal(limits({ max_completion_tokens: 5, max_tokens: 5 }), undefined)
  assert.equal(limits({ max_tokens: 9 }), undefined)
  assert.deepEqual(edited(openAiCompatible, 'openai-chat', { max_completion_tokens: 0, max_tokens: 9 }), {
    max_tokens: 9,
  })
})

test('what is harmless to one server is passed to one that nobody knows', () => {
  const body = { model: 'm', top_k: 1, guided_regex: 'a', grammar: 'root ::= "a"', ebnf: 'x', reasoning_effort: 'none' }
  assert.equal(openAiCompatible.edits?.('openai-chat', body, settingOf()), undefined)
})
