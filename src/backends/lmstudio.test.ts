import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Health } from '../core/backend.ts'
import { answering, inUse, edited, recorded, type Script, settingOf } from '../../test/conformance/backend.ts'
import { lmstudio } from './lmstudio.ts'

const newer: Script = {
  '/api/v1/models': recorded('lmstudio/api-v1-models'),
  '/v1/models': recorded('lmstudio/v1-models'),
}

const probe = (script: Script): Promise<Health> => lmstudio.probe(answering(script).call)

const told = ({ models }: Health): unknown =>
  models.map(({ id, loaded, contextTokens, slots, can }) => [id, loaded, contextTokens, slots, [...(can ?? [])]])

test('its own API tells what is loaded, how long its context is, and what each model can do', async () => {
  assert.deepEqual(told(await probe(newer)), [
    ['qwen/qwen3-8b', true, 8_192, 4, ['chat', 'text', 'tools', 'thinking']],
    ['google/gemma-3-4b', false, 131_072, undefined, ['chat', 'text', 'vision']],
    ['text-embedding-nomic-embed-text-v1.5', false, 2_048, undefined, ['vectors']],
  ])
})

test('a version before that tells it in other words, and one before that only its names', async () => {
  assert.deepEqual(told(await probe({ '/api/v0/models': recorded('lmstudio/api-v0-models') })), [
    ['qwen/qwen3-8b', true, 8_192, undefined, ['chat', 'text', 'thinking', 'tools']],
    ['google/gemma-3-4b', false, 131_072, undefined, ['chat', 'text', 'thinking', 'vision']],
    ['text-embedding-nomic-embed-text-v1.5', false, 2_048, undefined, ['vectors']],
  ])
  assert.deepEqual(
    (await probe({ '/v1/models': recorded('lmstudio/v1-models') })).models.map(({ loaded }) => loaded),
    [undefined, undefined, undefined],
  )
})

test('a missing key is said so and not taken for an older version', async () => {
  await assert.rejects(probe({ ...newer, '/api/v1/models': { status: 401 } }), { message: /set its api_key/ })
})

test('that models will be swapped for each other is told, where they will', async () => {
  assert.match((await probe(newer)).advice![0]!, /Auto-Evict/)
  // Switched off, only what is loaded is on the list.
  const onlyLoaded = { status: 200, json: { data: [{ id: 'qwen/qwen3-8b' }] } }
  assert.equal((await probe({ ...newer, '/v1/models': onlyLoaded })).advice, undefined)
})

test('a model is loaded with its context, and not a second time', async () => {
  const { call, requests } = answering({ ...newer, 'POST /api/v1/models/load': recorded('lmstudio/load') })
  await lmstudio.load!(call, settingOf('google/gemma-3-4b', 4_096), inUse)
  assert.deepEqual(requests.at(-1)?.body, { model: 'google/gemma-3-4b', context_length: 4_096 })
  const before = requests.length
  await lmstudio.load!(call, settingOf('qwen/qwen3-8b'), inUse)
  assert.deepEqual(
    requests.slice(before).map(({ method }) => method),
    ['GET'],
  )
})

test('every instance of a model is unloaded, by its own name', async () => {
  const { call, requests } = answering({ ...newer, 'POST /api/v1/models/unload': recorded('lmstudio/unload') })
  await lmstudio.unload!(call, 'qwen/qwen3-8b')
  assert.deepEqual(requests.at(-1)?.body, { instance_id: 'qwen/qwen3-8b' })
})

test('a load that fails is told in its words, and an older version that it is too old', async () => {
  const failing = { ...newer, 'POST /api/v1/models/load': { status: 400, json: { error: { message: 'no room' } } } }
  await assert.rejects(lmstudio.load!(answering(failing).call, settingOf('google/gemma-3-4b'), inUse), {
    message: /no room/,
  })
  const older = answering({ '/api/v0/models': recorded('lmstudio/api-v0-models') })
  await assert.rejects(lmstudio.load!(older.call, settingOf('x'), inUse), { kind: 'not-supported' })
})

const tool = (name: string): object => ({ type: 'function', function: { name } })
const flat = (name: string): object => ({ type: 'function', name })

test('a choice of one tool becomes a must with that tool alone', () => {
  const body = { model: 'm', tools: [tool('a'), tool('b')] }
  assert.deepEqual(edited(lmstudio, 'openai-chat', { ...body, tool_choice: tool('b') }), {
    model: 'm',
    tools: [tool('b')],
    tool_choice: 'required',
  })
  assert.deepEqual(
    edited(lmstudio, 'openai-responses', { model: 'm', tools: [flat('a'), flat('b')], tool_choice: flat('a') }),
    { model: 'm', tools: [flat('a')], tool_choice: 'required' },
  )
  for (const word of ['auto', 'none', 'required']) {
    assert.deepEqual(edited(lmstudio, 'openai-chat', { ...body, tool_choice: word }), { ...body, tool_choice: word })
  }
})

test('a choice of some tools leaves those, and one of a tool that is not there is refused', () => {
  const body = { model: 'm', tools: [tool('a'), tool('b'), tool('c')] }
  const some = { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [tool('a'), tool('c')] } }
  assert.deepEqual(edited(lmstudio, 'openai-chat', { ...body, tool_choice: some }), {
    model: 'm',
    tools: [tool('a'), tool('c')],
    tool_choice: 'auto',
  })
  for (const one of [
    { ...body, tool_choice: tool('x') },
    { model: 'm', tool_choice: tool('a') },
  ]) {
    assert.throws(() => edited(lmstudio, 'openai-chat', one), { message: 'tool_choice must name one of the tools.' })
  }
})

test('its responses may refer to one another, and must bring along what they speak of', () => {
  assert.equal(lmstudio.remembers, true)
  const body = { model: 'm', input: 'go on', previous_response_id: 'resp_1' }
  assert.deepEqual(edited(lmstudio, 'openai-responses', body), body)
  const seen = { role: 'user', content: [{ type: 'input_image', image_url: 'http://10.0.0.1/a.png' }] }
  assert.throws(() => edited(lmstudio, 'openai-responses', { model: 'm', input: [seen] }), { kind: 'bad-request' })
  const tools = [{ type: 'mcp', server_label: 'x', server_url: 'http://10.0.0.1/mcp' }]
  assert.throws(() => edited(lmstudio, 'openai-responses', { ...body, tools }), { message: /^tools\[0\]\.server_url / })
})
