import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json } from '../core/json.ts'
import { answering, edited, recorded, type Script, settingOf } from '../../test/conformance/backend.ts'
import { anthropic } from './anthropic.ts'

const pages: Script = {
  '/v1/models?limit=1000': recorded('anthropic/v1-models'),
  '/v1/models?limit=1000&after_id=claude-sonnet-5': recorded('anthropic/v1-models-last'),
}

test('all pages of its list are read', async () => {
  const { models } = await anthropic.probe(answering(pages).call)
  assert.deepEqual(
    models.map(({ id, contextTokens }) => [id, contextTokens]),
    [
      ['claude-opus-4-8', undefined],
      ['claude-sonnet-5', undefined],
      ['claude-haiku-4-5-20251001', undefined],
    ],
  )
})

test('a list without end ends', async () => {
  const endless = { status: 200, json: { data: [{ id: 'm', max_input_tokens: 9 }], has_more: true, last_id: 'm' } }
  const { call, asked } = answering({ '/v1/models': endless })
  const { models } = await anthropic.probe(call)
  assert.equal(asked.length, 10)
  assert.equal(models[0]?.contextTokens, 9)
})

test('the key is shown as the version wants it that the caller speaks', () => {
  const shown = (version?: string): unknown =>
    anthropic.authorize('k', new Map(version === undefined ? [] : [['anthropic-version', version]]))
  assert.deepEqual(shown(), [['x-api-key', 'k']])
  assert.deepEqual(anthropic.authorize('k'), [['x-api-key', 'k']])
  assert.deepEqual(shown('2023-06-01'), [['x-api-key', 'k']])
  for (const version of ['2026-10-21', '2027-01-01']) assert.deepEqual(shown(version), [['authorization', 'Bearer k']])
  assert.deepEqual(anthropic.headers, [['anthropic-version', '2023-06-01']])
})

const body: Json = {
  model: 'm',
  max_tokens: 5,
  messages: [],
  temperature: 0,
  top_p: 0.5,
  top_k: 1,
  container: 'c',
  unheard_of: 1,
}

test('newer models are not told how to choose their words, older ones and others are', () => {
  const { temperature: _t, top_p: _p, top_k: _k, ...rest } = body
  for (const model of ['claude-opus-4-7', 'claude-opus-4-8', 'claude-sonnet-5', 'claude-haiku-5-1', 'claude-new-1']) {
    assert.deepEqual(edited(anthropic, 'anthropic-messages', body, settingOf(model)), rest, model)
  }
  const older = [
    'claude-3-haiku-20240307',
    'claude-3-5-haiku-latest',
    'claude-sonnet-4-20250514',
    'claude-opus-4-1-20250805',
    'claude-haiku-4-5',
    'claude-haiku-4-5-20251001',
    'claude-sonnet-4-6',
    'glm-5',
  ]
  for (const model of older) {
    assert.equal(anthropic.edits?.('anthropic-messages', body, settingOf(model)), undefined, model)
  }
})

test('tokens are counted from what is read, not from how it is to be answered', async () => {
  const { call, requests } = answering({ 'POST /v1/messages/count_tokens': recorded('anthropic/count-tokens') })
  const asked = { model: 'm', messages: [], system: 's', tools: [], thinking: { type: 'disabled' } }
  assert.equal(await anthropic.countTokens!(call, { ...asked, max_tokens: 5, stream: true, temperature: 1 }), 11)
  assert.deepEqual(requests[0]?.body, asked)
})
