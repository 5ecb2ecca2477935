import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Part } from '../../core/part.ts'
import { gather } from '../answer.ts'
import { partReader } from './reader.ts'

const read = (...frames: (string | object)[]): Part[] => {
  const reader = partReader()
  return frames.flatMap((frame) => reader(typeof frame === 'string' ? frame : `data: ${JSON.stringify(frame)}`))
}
const delta = (said: object, finish: string | null = null): object => ({
  choices: [{ index: 0, delta: said, finish_reason: finish }],
})
const piece = (call: object): object => delta({ tool_calls: [call] })
const calls = (parts: readonly Part[]): string[] =>
  gather(parts).calls.map((call) => `${call.id}:${call.name}(${call.arguments})`)

test('content that is null, empty or absent is no content, and a reason that is empty is no end', () => {
  assert.deepEqual(
    read(delta({ role: 'assistant', content: null }), delta({ content: '' }, ''), delta({}), { choices: [] }, {}),
    [],
  )
})

test('thoughts are found under each of their names, once', () => {
  for (const name of ['reasoning', 'reasoning_content', 'thinking']) {
    assert.deepEqual(read(delta({ content: '', [name]: 'hm' })), [{ type: 'thinking-delta', text: 'hm' }])
  }
  assert.equal(read(delta({ reasoning: 'hm', reasoning_content: 'hm' })).length, 1)
})

test('pieces of a call belong together by number, by id, or by coming next', () => {
  const first = { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{"x"' } }
  for (const next of [
    { index: 0 },
    { id: 'a' },
    { index: 0, id: 'a' },
    {},
    { index: 0, id: 'a', function: { name: 'f' } },
  ]) {
    const rest = { ...next, function: { ...(next as { function?: object }).function, arguments: ':1}' } }
    assert.deepEqual(calls(read(piece(first), piece(rest))), ['a:f({"x":1})'], JSON.stringify(next))
  }
})

test('one number with two ids is two calls, and so are two names with neither', () => {
  const whole = (call: object, name: string): object => ({ ...call, function: { name, arguments: '{}' } })
  assert.deepEqual(calls(read(piece(whole({ index: 0, id: 'a' }, 'f')), piece(whole({ index: 0, id: 'b' }, 'f')))), [
    'a:f({})',
    'b:f({})',
  ])
  assert.deepEqual(calls(read(delta({ tool_calls: [whole({}, 'f'), whole({}, 'g')] }))), [':f({})', ':g({})'])
  assert.deepEqual(calls(read(piece(whole({ index: 0 }, 'f')), piece(whole({ index: 0 }, 'g')))), [':f({})', ':g({})'])
})

test('indices count from zero without gaps, whatever the server counts from', () => {
  const parts = read(
    piece({ index: 7, id: 'a', function: { name: 'f', arguments: '' } }),
    piece({ index: 3, id: 'b', function: { name: 'g' } }),
  )
  assert.deepEqual(
    parts.map((part) => part.type === 'tool-start' && part.index),
    [0, 1],
  )
})

test('arguments that are an object already become text', () => {
  assert.deepEqual(calls(read(piece({ index: 0, id: 'a', function: { name: 'f', arguments: { x: 1 } } }))), [
    'a:f({"x":1})',
  ])
})

test('the reason is what the calls prove: stop after a call, or tool_calls without one, is not believed', () => {
  const call = piece({ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } })
  const reason = (parts: readonly Part[]): unknown => parts.find((part) => part.type === 'finish')?.reason
  assert.equal(reason(read(call, delta({}, 'stop'))), 'tool-calls')
  assert.equal(reason(read(delta({ tool_calls: [] }, 'tool_calls'))), 'stop')
  assert.equal(reason(read(call, delta({}, 'length'))), 'length')
  assert.equal(reason(read(delta({}, 'content_filter'))), 'content-filter')
  assert.equal(reason(read(delta({}, 'eos_token'))), 'stop')
})

test('counts are read from a chunk of their own, from the last one, and from every one', () => {
  const usage = {
    prompt_tokens: 3,
    completion_tokens: 2,
    prompt_tokens_details: { cached_tokens: 1 },
    completion_tokens_details: { reasoning_tokens: 1 },
  }
  const counted = { type: 'usage', usage: { promptTokens: 3, outputTokens: 2, cachedTokens: 1, reasoningTokens: 1 } }
  assert.deepEqual(read({ choices: [], usage }), [counted])
  assert.deepEqual(read({ ...delta({ content: 'x' }), usage }).at(-1), counted)
  assert.deepEqual(read({ ...delta({ content: 'x' }), usage: null }).length, 1)
  assert.deepEqual(read({ choices: [], usage: { prompt_tokens: -1, completion_tokens: 1e300 } }), [])
})

test('[DONE] is the end, and stands for a reason when none was said', () => {
  assert.deepEqual(read('data: [DONE]'), [{ type: 'finish', reason: 'stop' }, { type: 'end' }])
  assert.deepEqual(read('data:[DONE]\r'), [{ type: 'finish', reason: 'stop' }, { type: 'end' }])
})

test('events may have names, ids, comments and data without a space', () => {
  assert.deepEqual(read('id: 1\nevent: message\ndata:{"choices":[{"delta":{"content":"x"}}]}\r'), [
    { type: 'text-delta', text: 'x' },
  ])
  assert.deepEqual(read(': ping', 'event: ping', 'data:', 'proxy error: Failed to read connection'), [])
})

test('an error in band is thrown in every form: an object, a text, flat, an event, and the field of old llama-servers', () => {
  for (const frame of [
    'data: {"error":{"message":"it broke","type":"server_error","code":500}}',
    'data: {"error":"it broke"}',
    'data: {"object":"error","message":"it broke","code":500}',
    'event: error\ndata: {"code":500,"message":"it broke","type":"server_error"}',
    'error: {"code":500,"message":"it broke","type":"server_error"}',
    '{"error":{"message":"it broke"}}',
    'data: {"choices":[{"delta":{"content":""},"finish_reason":"error"}],"error":{"message":"it broke"}}',
  ])
    assert.throws(() => read(frame), { kind: 'upstream-broke', message: /it broke/ }, frame)
  assert.throws(() => read(delta({}, 'abort')), { kind: 'upstream-broke' })
  assert.throws(() => read('data: {"choices":[{'), { kind: 'upstream-broke' })
})

test('text about errors is text', () => {
  const content = 'data: {"error":"x"}\n\n{"object":"error"}'
  assert.deepEqual(read(delta({ content })), [{ type: 'text-delta', text: content }])
})
