import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../core/fault.ts'
import { applyEdits, type Json } from '../core/json.ts'
import { openAiChat as dialect } from './openai-chat.ts'

const body = (more: Json = {}): Json => ({ model: 'm', messages: [{ role: 'user', content: 'hi' }], ...more })

test('a refusal names the field at fault', () => {
  const faulty: readonly (readonly [Json, RegExp])[] = [
    [body({ model: 7 }), /model/],
    [body({ messages: {} }), /messages/],
    [body({ messages: [] }), /messages/],
    [body({ messages: [{ role: 'user' }, 'x'] }), /messages\[1\]/],
    [body({ messages: [{ role: 5 }] }), /messages\[0\]\.role/],
    [body({ messages: [{ role: 'user', content: {} }] }), /messages\[0\]\.content/],
    [body({ stream: 'true' }), /stream/],
    [body({ max_tokens: '5' }), /max_tokens/],
    [body({ max_tokens: Infinity }), /max_tokens/],
  ]
  for (const [request, field] of faulty)
    assert.throws(() => dialect.glance(request), { kind: 'bad-request', message: field })
})

test('fields that nobody here knows are let through', () => {
  assert.deepEqual(
    { ...dialect.glance(body({ unheard_of: { of: 1 }, max_tokens: null, stream: null })), promptTokens: 0 },
    {
      model: 'm',
      stream: false,
      promptTokens: 0,
      outputTokensMax: undefined,
      answers: undefined,
      needs: ['chat'],
      prefix: undefined,
    },
  )
})

test('usage is asked for in a stream whose caller did not, and all other options of the stream stay', () => {
  const asked = dialect.usageEdits(body({ stream: true, stream_options: { include_obfuscation: false } }))
  assert.deepEqual(asked, { stream_options: { include_obfuscation: false, include_usage: true } })
  assert.deepEqual(dialect.usageEdits(body({ stream: true, stream_options: null })), {
    stream_options: { include_usage: true },
  })
  assert.equal(dialect.wantsUsage(applyEdits(body(), asked)), true)
  assert.equal(dialect.usageEdits(body({ stream: true, stream_options: { include_usage: true } })), undefined)
  assert.equal(dialect.usageEdits(body()), undefined)
})

test('an error has a message, a type and a code', () => {
  const error = dialect.writeFault(new Fault('queue-full', 'Ask again later.'))
  assert.deepEqual(error, {
    error: {
      message: 'Ask again later.',
      type: 'rate_limit_error',
      param: null,
      code: 'queue_full',
      retry_after_ms: 1000,
    },
  })
})

test('a prompt that is too long is told in the words that agents look for', () => {
  const fault = new Fault('context-overflow', 'request (5000 tokens) exceeds', { tokens: { prompt: 5000, max: 4096 } })
  assert.deepEqual(dialect.writeFault(fault), {
    error: {
      message:
        "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens. Please reduce the length of the messages.",
      type: 'invalid_request_error',
      param: null,
      code: 'context_length_exceeded',
    },
  })
})

test('a stream of our own has one role, ends with [DONE], and tells counts only to who asked', () => {
  const about = { id: 'x', model: 'm', promptTokens: 7, createdMs: 5_000, wantsUsage: false, epochMs: () => 6_000 }
  const frames = (wantsUsage: boolean): string[] => {
    const write = dialect.partWriter({ ...about, wantsUsage })
    return [
      write({ type: 'text-delta', text: 'a' }),
      write({ type: 'text-delta', text: 'b' }),
      write({ type: 'finish', reason: 'stop' }),
      write({ type: 'usage', usage: { promptTokens: 1, outputTokens: 2 } }),
      write({ type: 'end' }),
    ]
      .join('')
      .split('\n\n')
      .filter((frame) => frame !== '')
  }
  const quiet = frames(false)
  assert.deepEqual(
    quiet.map((frame) => frame.includes('"role"')),
    [true, false, false, false],
  )
  assert.equal(quiet.at(-1), 'data: [DONE]')
  assert.ok(!quiet.join('').includes('usage'))
  assert.match(
    frames(true).at(-2)!,
    /"choices":\[\],"usage":\{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3\}/,
  )
})
