import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json } from '../../core/json.ts'
import type { Part } from '../../core/part.ts'
import { gather } from '../answer.ts'
import { partReader } from './reader.ts'

const read = (...events: (string | Json)[]): Part[] => {
  const reader = partReader()
  return events.flatMap((event) => reader(typeof event === 'string' ? event : `data: ${JSON.stringify(event)}`))
}
const delta = (text: string, more: Json = {}): Json => ({
  type: 'response.output_text.delta',
  item_id: 'm',
  delta: text,
  ...more,
})
const added = (item: Json, more: Json = {}): Json => ({ type: 'response.output_item.added', item, ...more })
const done = (item: Json, more: Json = {}): Json => ({ type: 'response.output_item.done', item, ...more })
const completed = (response: Json = {}): Json => ({
  type: 'response.completed',
  response: { status: 'completed', ...response },
})
const call = (id: string, args: string, more: Json = {}): Json => ({
  type: 'function_call',
  id: `fc_${id}`,
  call_id: id,
  name: 'f',
  arguments: args,
  ...more,
})
const piece = (text: string, more: Json): Json => ({
  type: 'response.function_call_arguments.delta',
  delta: text,
  ...more,
})
const calls = (parts: readonly Part[]): string[] =>
  gather(parts).calls.map(({ id, name, arguments: args }) => `${id}:${name}(${args})`)
const whole: readonly Part[] = [{ type: 'finish', reason: 'stop' }, { type: 'end' }]

test('the kind of an event is what its data say, or else its name', () => {
  const text = [{ type: 'text-delta', text: 'x' }]
  assert.deepEqual(
    read('event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"x"}'),
    text,
  )
  assert.deepEqual(read('data:{"type":"response.output_text.delta","delta":"x"}'), text)
  assert.deepEqual(read('event: response.output_text.delta\ndata: {"delta":"x"}'), text)
  assert.deepEqual(read(': ping', 'event: ping', 'data:', 'event: keepalive\ndata: {"type":"keepalive"}'), [])
})

test('only a completed or an incomplete response is an end', () => {
  assert.deepEqual(read(delta('x'), 'data: [DONE]'), [{ type: 'text-delta', text: 'x' }])
  assert.deepEqual(read(completed()), whole)
  assert.deepEqual(read({ type: 'response.incomplete', response: { status: 'incomplete' } })[0], {
    type: 'finish',
    reason: 'length',
  })
})

test('the reason is what happened: a call, a limit that was reached, content that was withheld', () => {
  const reason = (...events: Json[]): unknown => read(...events).find((part) => part.type === 'finish')?.reason
  const incomplete = (why: string): Json => ({
    type: 'response.incomplete',
    response: { status: 'incomplete', incomplete_details: { reason: why } },
  })
  assert.equal(reason(added(call('a', '')), completed()), 'tool-calls')
  assert.equal(reason(added(call('a', '')), incomplete('max_output_tokens')), 'length')
  assert.equal(reason(incomplete('content_filter')), 'content-filter')
  assert.equal(reason(completed({ max_output_tokens: 4, usage: { input_tokens: 1, output_tokens: 4 } })), 'length')
  assert.equal(reason(completed({ max_output_tokens: 5, usage: { input_tokens: 1, output_tokens: 4 } })), 'stop')
})

test('thoughts are heard as themselves or as their summary, and once where a server tells both', () => {
  const thought = (kind: string, text: string, more: Json = {}): Json => ({
    type: `response.${kind}.delta`,
    item_id: 'r',
    delta: text,
    ...more,
  })
  assert.equal(gather(read(thought('reasoning_text', 'a'), thought('reasoning_text', 'b'))).thinking, 'ab')
  assert.equal(gather(read(thought('reasoning_text', 'a'), thought('reasoning_summary_text', 'A'))).thinking, 'a')
  assert.equal(
    gather(
      read(
        thought('reasoning_summary_text', 'a', { summary_index: 0 }),
        thought('reasoning_summary_text', 'b', { summary_index: 0 }),
        thought('reasoning_summary_text', 'c', { summary_index: 1 }),
      ),
    ).thinking,
    'ab\n\nc',
  )
})

test('pieces of calls belong together by the id of the item, by its place, or by coming next', () => {
  for (const key of [{ item_id: 'fc_a' }, { output_index: 3 }, { item_id: 'changed', output_index: 3 }]) {
    const parts = read(added(call('a', ''), { output_index: 3 }), piece('{"x"', key), piece(':1}', key))
    assert.deepEqual(calls(parts), ['a:f({"x":1})'], JSON.stringify(key))
  }
  assert.deepEqual(calls(read(added(call('a', '', { id: undefined })), piece('{}', {}))), ['a:f({})'])
  const interleaved = read(
    added(call('a', ''), { output_index: 0 }),
    added(call('b', ''), { output_index: 1 }),
    piece('{"b"', { item_id: 'fc_b' }),
    piece('{"a"', { item_id: 'fc_a' }),
    piece(':1}', { item_id: 'fc_b' }),
    piece(':2}', { item_id: 'fc_a' }),
  )
  assert.deepEqual(calls(interleaved), ['a:f({"a":2})', 'b:f({"b":1})'])
})

test('arguments that come only as a whole are heard, and what came in pieces is not heard twice', () => {
  const args = '{"x":1}'
  const argumentsDone = { type: 'response.function_call_arguments.done', item_id: 'fc_a', arguments: args }
  assert.deepEqual(calls(read(added(call('a', '')), argumentsDone, done(call('a', args)))), ['a:f({"x":1})'])
  assert.deepEqual(calls(read(done(call('a', args)))), ['a:f({"x":1})'])
  assert.deepEqual(
    calls(read(added(call('a', '')), piece(args, { item_id: 'fc_a' }), argumentsDone, done(call('a', args)))),
    ['a:f({"x":1})'],
  )
  assert.deepEqual(calls(read(done({ ...call('a', ''), arguments: { x: 1 } }))), ['a:f({"x":1})'])
  // Its pieces come before anybody said what they are pieces of.
  assert.deepEqual(calls(read(piece(args, { item_id: 'fc_a' }), done(call('a', args)))), ['a:f({"x":1})'])
})

test('a call with free text becomes one with a single argument', () => {
  const item = { type: 'custom_tool_call', id: 'ctc_a', call_id: 'a', name: 'patch', input: '' }
  const parts = read(
    added(item),
    { type: 'response.custom_tool_call_input.delta', item_id: 'ctc_a', delta: 'a "' },
    { type: 'response.custom_tool_call_input.done', item_id: 'ctc_a', input: 'a "b"' },
    done({ ...item, input: 'a "b"' }),
    completed(),
  )
  assert.deepEqual(calls(parts), ['a:patch({"input":"a \\"b\\""})'])
  assert.deepEqual(calls(read(done({ ...item, input: 'x' }))), ['a:patch({"input":"x"})'])
})

test('whoever tells nothing on the way tells it all in the last event', () => {
  const output = [
    { type: 'reasoning', id: 'r', summary: [], content: [{ type: 'reasoning_text', text: 'hm' }] },
    { type: 'web_search_call', id: 'w' },
    {
      type: 'message',
      id: 'm',
      content: [
        { type: 'output_text', text: 'a' },
        { type: 'refusal', refusal: 'b' },
      ],
    },
    call('a', '{}'),
  ]
  for (const parts of [
    read(completed({ output })),
    read(JSON.stringify({ object: 'response', status: 'completed', output })),
  ]) {
    const { text, thinking, reason } = gather(parts)
    assert.deepEqual([thinking, text, calls(parts), reason], ['hm', 'ab', ['a:f({})'], 'tool-calls'])
  }
  assert.equal(gather(read(delta('x'), completed({ output }))).text, 'x')
})

test('probabilities come with the text they belong to', () => {
  const logprobs = [{ token: 'x', logprob: -0.5, top_logprobs: [] }]
  assert.deepEqual(read(delta('x', { logprobs }))[0], {
    type: 'text-delta',
    text: 'x',
    logprobs: [{ token: 'x', logprob: -0.5 }],
  })
  assert.deepEqual(read(delta('x', { logprobs: [] }))[0], { type: 'text-delta', text: 'x' })
})

test('counts are those of the last event, and a zero in their details is no count', () => {
  const usage = {
    input_tokens: 9,
    input_tokens_details: { cached_tokens: 4 },
    output_tokens: 7,
    output_tokens_details: { reasoning_tokens: 0 },
  }
  assert.deepEqual(gather(read(completed({ usage }))).usage, { promptTokens: 9, outputTokens: 7, cachedTokens: 4 })
  assert.equal(gather(read(completed({ usage: null }))).usage, undefined)
})

test('an error is thrown in each of its forms, and means what its code says', () => {
  const failed = (error: unknown): Json => ({ type: 'response.failed', response: { status: 'failed', error } })
  const kinds: readonly (readonly [string | Json, string])[] = [
    [failed({ code: 'server_error', message: 'it broke' }), 'upstream-broke'],
    [failed({ code: 'rate_limit_exceeded', message: 'it broke' }), 'upstream-busy'],
    [failed({ code: 'server_is_overloaded', message: 'it broke' }), 'upstream-busy'],
    [failed({ code: 'context_length_exceeded', message: 'it broke' }), 'context-overflow'],
    [failed({ code: 'invalid_prompt', message: 'it broke' }), 'upstream-refused'],
    [{ type: 'error', code: 'server_error', message: 'it broke', param: null }, 'upstream-broke'],
    [{ type: 'error', error: { type: 'x', code: 'rate_limit_exceeded', message: 'it broke' } }, 'upstream-busy'],
    ['event: error\ndata: {"error":{"code":500,"message":"it broke","type":"server_error"}}', 'upstream-broke'],
    ['event: error\ndata: it broke', 'upstream-broke'],
    ['data: {"error":{"message":"it broke","code":503}}', 'upstream-busy'],
    ['{"error":"it broke"}', 'upstream-broke'],
  ]
  for (const [event, kind] of kinds)
    assert.throws(() => read(event), { kind, message: /it broke/ }, JSON.stringify(event))
  for (const event of [failed(null), completed({ status: 'cancelled' }), 'data: {"type":"response.outp'])
    assert.throws(() => read(event), { kind: 'upstream-broke' }, JSON.stringify(event))
})

test('text about errors is text', () => {
  const text = 'event: error\ndata: {"type":"error"}\n\n'
  assert.deepEqual(read(delta(text)), [{ type: 'text-delta', text }])
})
