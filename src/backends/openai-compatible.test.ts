import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ListedModel } from '../core/backend.ts'
import type { Json } from '../core/json.ts'
import { answering } from '../../test/conformance/backend.ts'
import { fixture } from '../../test/conformance/fixtures.ts'
import { openAiCompatible } from './openai-compatible.ts'
import { openAi } from './openai.ts'

const models = async (json: unknown): Promise<readonly ListedModel[]> =>
  (await openAiCompatible.probe(answering({ '/v1/models': { status: 200, json } }).call)).models

const recorded = (name: string): unknown => JSON.parse(fixture(name).body.toString())

test('models are listed as llama-server lists them, with the context of one slot', async () => {
  const [fox] = await models(recorded('llamacpp/v1-models'))
  assert.deepEqual([fox?.id, fox?.aliases, fox?.contextTokens, fox?.loaded], ['fox', undefined, 512, undefined])
})

test('a router tells which model is loaded, and we keep the paths of its machine to ourselves', async () => {
  const listed = await models(recorded('llamacpp/router-models-loaded'))
  assert.deepEqual(
    listed.map(({ id, loaded, contextTokens }) => [id, loaded, contextTokens]),
    [
      ['count', true, 2048],
      ['slow-mid', false, 4096],
      ['slow-mid-b', false, 4096],
      ['tiny', false, 4096],
    ],
  )
  assert.ok(!JSON.stringify(listed).includes('--model'))
})

test('a list that is null is an empty one, and what is no model is passed over', async () => {
  assert.deepEqual(await models(recorded('ollama/v1-models-none')), [])
  assert.deepEqual(
    (await models({ data: [null, {}, { id: '' }, { id: 'm', max_model_len: 8 }] })).map(({ id, contextTokens }) => [
      id,
      contextTokens,
    ]),
    [['m', 8]],
  )
  assert.deepEqual((await models({ data: [{ id: 'm', context_length: 9, max_model_len: null }] }))[0]?.contextTokens, 9)
})

test('a server that still loads is not up', async () => {
  const { status } = fixture('llamacpp/v1-models-loading-503')
  await assert.rejects(
    openAiCompatible.probe(
      answering({ '/v1/models': { status, json: recorded('llamacpp/v1-models-loading-503') } }).call,
    ),
    { kind: 'upstream-busy' },
  )
})

test('the limit is said under the older name too, for servers that know no other', () => {
  const edits = (body: Json): unknown => openAiCompatible.edits?.('openai-chat', body)
  assert.deepEqual(edits({ max_completion_tokens: 5 }), { max_tokens: 5 })
  assert.equal(edits({ max_completion_tokens: 5, max_tokens: 9 }), undefined)
  assert.equal(edits({ max_tokens: 9 }), undefined)
})

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
  assert.deepEqual(openAi.edits?.('openai-chat', body), {
    max_tokens: undefined,
    max_completion_tokens: 5,
    top_k: undefined,
    chat_template_kwargs: undefined,
    messages: [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
    ],
  })
  assert.equal(openAi.edits?.('openai-chat', { model: 'm', messages: [], stream_options: {} }), undefined)
})

test('OpenAI costs money and stands on no port of ours', () => {
  assert.deepEqual([openAi.tier, openAi.usualPort, openAiCompatible.tier], [1, undefined, 0])
})
