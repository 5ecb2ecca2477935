import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault, type FaultKind } from '../core/fault.ts'
import type { Json } from '../core/json.ts'
import { openAiResponses as dialect } from './openai-responses.ts'

const body = (more: Json = {}): Json => ({ model: 'm', input: 'hi', ...more })
const needs = (more: Json): readonly string[] => dialect.glance(body(more)).needs

test('a refusal names the field at fault', () => {
  const faulty: readonly (readonly [Json, RegExp])[] = [
    [body({ model: 7 }), /model/],
    [body({ model: '' }), /model/],
    [body({ input: undefined }), /input/],
    [body({ input: [] }), /input/],
    [body({ input: {} }), /input/],
    [body({ input: [{ role: 'user', content: 'hi' }, 'x'] }), /input\[1\]/],
    [body({ input: [{ content: 'hi' }] }), /input\[0\]\.role/],
    [body({ input: [{ role: 'user', content: 5 }] }), /input\[0\]\.content/],
    [body({ input: [{ type: 5 }] }), /input\[0\]\.type/],
    [body({ stream: 'true' }), /stream/],
    [body({ max_output_tokens: '5' }), /max_output_tokens/],
  ]
  for (const [request, field] of faulty)
    assert.throws(() => dialect.glance(request), { kind: 'bad-request', message: field }, JSON.stringify(request))
})

test('a request is not a stream unless it says so, and fields that nobody here knows are let through', () => {
  const { model, stream, outputTokensMax } = dialect.glance(body({ unheard_of: {}, max_output_tokens: null }))
  assert.deepEqual([model, stream, outputTokensMax], ['m', false, undefined])
  assert.equal(dialect.glance(body({ stream: true, max_output_tokens: 9 })).outputTokensMax, 9)
})

test('a request needs what it asks for: tools that can be called, pictures, sounds, probabilities', () => {
  const saying = (type: string): Json => ({ input: [{ role: 'user', content: [{ type }] }] })
  assert.deepEqual(needs({}), ['chat'])
  assert.deepEqual(needs({ tools: [{ type: 'function', name: 'f' }] }), ['chat', 'tools'])
  assert.deepEqual(needs({ tools: [{ type: 'custom', name: 'f' }] }), ['chat', 'tools'])
  assert.deepEqual(needs({ tools: [{ type: 'function', name: 'f' }], tool_choice: 'none' }), ['chat'])
  assert.deepEqual(needs({ tools: [{ type: 'web_search' }] }), ['chat'])
  assert.deepEqual(needs(saying('input_image')), ['chat', 'vision'])
  assert.deepEqual(needs(saying('input_audio')), ['chat', 'audio'])
  assert.deepEqual(
    needs({ input: [{ type: 'function_call_output', call_id: 'a', output: [{ type: 'input_image' }] }] }),
    ['chat', 'vision'],
  )
  assert.deepEqual(needs({ include: ['message.output_text.logprobs'] }), ['chat', 'logprobs'])
})

test('whatever leans on what a server kept needs a memory, and then there may be no input', () => {
  for (const more of [
    { previous_response_id: 'resp_1', input: undefined },
    { conversation: 'conv_1', input: null },
    { prompt: { id: 'pmpt_1' }, input: undefined },
    { background: true },
    { input: [{ type: 'item_reference', id: 'msg_1' }] },
  ])
    assert.deepEqual(needs(more), ['chat', 'memory'], JSON.stringify(more))
  assert.deepEqual(needs({ previous_response_id: null, conversation: null, background: false }), ['chat'])
})

test('a picture weighs the same however many bytes it has', () => {
  const tokens = (size: number): number =>
    dialect.glance(body({ input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'x'.repeat(size) }] }] }))
      .promptTokens
  assert.equal(tokens(10), tokens(1_000_000))
})

test('an answer in one piece tells its counts, and whether it is none', () => {
  const answer = (more: Json): Uint8Array => Buffer.from(JSON.stringify({ id: 'r', object: 'response', ...more }))
  const usage = { input_tokens: 3, output_tokens: 2 }
  assert.deepEqual(dialect.usageOf(answer({ usage })), { promptTokens: 3, outputTokens: 2 })
  assert.equal(dialect.usageOf(answer({ usage: null })), undefined)
  for (const status of ['completed', 'incomplete', 'queued', 'in_progress'])
    assert.equal(dialect.faultIn(answer({ error: null, status, output: [] })), undefined, status)
  const error = { code: 'rate_limit_exceeded', message: 'slow down' }
  assert.equal(dialect.faultIn(answer({ output: [], status: 'failed', error }))?.kind, 'upstream-busy')
  assert.equal(dialect.faultIn(answer({ status: 'cancelled' }))?.kind, 'upstream-broke')
  assert.equal(dialect.faultIn(Buffer.from('{"error":{"message":"it broke"}}'))?.kind, 'upstream-broke')
})

test('an answer in one piece is renamed where it names its model', () => {
  const answer = '{"output":[{"model":"m"}],"model":"m"}'
  const renamed = dialect.rename(Buffer.from(answer), { from: 'm', to: 'you' })
  assert.equal(Buffer.from(renamed).toString(), '{"output":[{"model":"m"}],"model":"you"}')
})

/** The data of both frames that tell of an error. */
const told = (fault: Fault): Json[] =>
  dialect
    .faultFrame(fault)
    .trimEnd()
    .split('\n\n')
    .map((frame) => JSON.parse(frame.slice(frame.indexOf('data: ') + 6)) as Json)

test('an error in mid-stream is told as an event and as a response that failed', () => {
  const [error, failed] = told(new Fault('upstream-broke', 'The server failed.'))
  assert.deepEqual(
    [error!['type'], error!['code'], error!['message']],
    ['error', 'upstream_error', 'The server failed.'],
  )
  assert.equal((error!['error'] as Json)['code'], 'upstream_error')
  assert.equal(failed!['type'], 'response.failed')
  const response = failed!['response'] as Json
  assert.deepEqual(
    [response['status'], response['error']],
    ['failed', { code: 'server_error', message: 'The server failed.' }],
  )
  assert.ok((failed!['sequence_number'] as number) > (error!['sequence_number'] as number))
})

test('Codex is told what it can act on: a prompt too long, a limit and how long to wait, a crowd, an empty account', () => {
  const error = (kind: FaultKind, details: ConstructorParameters<typeof Fault>[2] = {}): Json =>
    (told(new Fault(kind, 'No.', details))[1]!['response'] as Json)['error'] as Json
  assert.equal(error('context-overflow')['code'], 'context_length_exceeded')
  assert.equal(error('upstream-busy')['code'], 'server_is_overloaded')
  assert.equal(error('over-budget')['code'], 'insufficient_quota')
  assert.equal(error('internal')['code'], 'server_error')
  assert.deepEqual(error('rate-limited', { retryAfterMs: 1_300 }), {
    code: 'rate_limit_exceeded',
    message: 'No. Please try again in 1.3s.',
  })
})
