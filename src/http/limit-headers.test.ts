import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anthropicMessages } from '../dialects/anthropic-messages.ts'
import { openAiChat } from '../dialects/openai-chat.ts'
import { durationOf, limitHeaders } from './limit-headers.ts'

test('a duration is written as OpenAI writes it', () => {
  const written = [0, 0.2, 999, 1_000, 1_500, 59_999.5, 60_000, 360_000, 361_250].map(durationOf)
  assert.deepEqual(written, ['0s', '1ms', '999ms', '1s', '1.5s', '1m0s', '1m0s', '6m0s', '6m1.25s'])
})

test('only the limits that a caller has are told, and Anthropic’s clients hear of them in their own words as well', () => {
  const requests = { limit: 60, remaining: 12, resetMs: 48_000, resetEpochMs: 1_700_000_000_001 }
  const usual = [
    ['x-ratelimit-limit-requests', '60'],
    ['x-ratelimit-remaining-requests', '12'],
    ['x-ratelimit-reset-requests', '48s'],
  ].flat()
  assert.deepEqual(limitHeaders({ requests }, openAiChat), usual)
  assert.deepEqual(limitHeaders({ requests }, anthropicMessages), [
    ...usual,
    'anthropic-ratelimit-requests-limit',
    '60',
    'anthropic-ratelimit-requests-remaining',
    '12',
    'anthropic-ratelimit-requests-reset',
    '2023-11-14T22:13:21Z',
  ])
  assert.deepEqual(limitHeaders(undefined, anthropicMessages), [])
})
