import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json } from '../core/json.ts'
import { Fault } from '../core/fault.ts'
import type { Part } from '../core/part.ts'
import { ollamaChat as dialect } from './ollama-chat.ts'

const body = (more: Json = {}): Json => ({ model: 'm', messages: [{ role: 'user', content: 'hi' }], ...more })

let nowMs = 0
const about = { id: 'x-1', model: 'm', promptTokens: 7, createdMs: 1_000, wantsUsage: true, epochMs: () => nowMs }

function lines(...parts: readonly (readonly [atMs: number, part: Part])[]): Json[] {
  const write = dialect.partWriter(about)
  const out = parts.map(([atMs, part]) => {
    nowMs = atMs
    return write(part)
  })
  return out
    .join('')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Json)
}

const message = (line: Json | undefined): Json => line?.['message'] as Json

test('a refusal names the field at fault; content in parts is one, as it is for Ollama', () => {
  const faulty: readonly (readonly [Json, RegExp])[] = [
    [body({ model: null }), /model/],
    [body({ messages: 'hi' }), /messages/],
    [body({ messages: [{ role: 'user', content: [] }] }), /messages\[0\]\.content/],
    [body({ options: [] }), /options/],
    [body({ options: { num_predict: 'x' } }), /options\.num_predict/],
  ]
  for (const [request, field] of faulty)
    assert.throws(() => dialect.glance(request), { kind: 'bad-request', message: field })
})

test('a request streams unless it says otherwise, and without messages it loads a model', () => {
  assert.equal(dialect.glance(body()).stream, true)
  assert.equal(dialect.glance(body({ stream: false })).stream, false)
  assert.equal(dialect.glance({ model: 'm' }).model, 'm')
  assert.deepEqual(
    [5, 0, -1].map((limit) => dialect.glance(body({ options: { num_predict: limit } })).outputTokensMax),
    [5, undefined, undefined],
  )
})

test('the last object has the counts, the reason and durations in nanoseconds, measured here', () => {
  const usage = { promptTokens: 3, outputTokens: 2 }
  const all = lines(
    [1_200, { type: 'text-delta', text: 'a' }],
    [1_500, { type: 'finish', reason: 'length' }],
    [1_500, { type: 'usage', usage }],
    [1_700, { type: 'end' }],
  )
  assert.deepEqual(
    all.map((line) => line['done']),
    [false, true],
  )
  assert.deepEqual(
    { ...all[1], created_at: '', model: '', message: {} },
    {
      model: '',
      created_at: '',
      message: {},
      done: true,
      done_reason: 'length',
      total_duration: 700_000_000,
      prompt_eval_count: 3,
      prompt_eval_duration: 200_000_000,
      eval_count: 2,
      eval_duration: 500_000_000,
    },
  )
})

test('a call goes out whole, in an object of its own before the last, which ends with stop', () => {
  const all = lines(
    [1_000, { type: 'tool-start', index: 0, id: 'a', name: 'f' }],
    [1_000, { type: 'tool-delta', index: 0, arguments: '{"x":\n' }],
    [1_000, { type: 'tool-delta', index: 0, arguments: '1}' }],
    [1_000, { type: 'tool-start', index: 1, id: '', name: 'g' }],
    [1_000, { type: 'finish', reason: 'tool-calls' }],
    [1_000, { type: 'end' }],
  )
  assert.equal(all.length, 3)
  assert.deepEqual(message(all[0])['tool_calls'], [{ id: 'a', function: { index: 0, name: 'f', arguments: { x: 1 } } }])
  assert.deepEqual(message(all[1])['tool_calls'], [
    { id: 'call_x1_1', function: { index: 1, name: 'g', arguments: {} } },
  ])
  assert.equal(all[2]?.['done_reason'], 'stop')
})

test('a long call shows signs of life while it is gathered', () => {
  const write = dialect.partWriter(about)
  write({ type: 'tool-start', index: 0, id: 'a', name: 'f' })
  const out = Array.from({ length: 100 }, () => write({ type: 'tool-delta', index: 0, arguments: ' ' })).filter(
    (line) => line !== '',
  )
  assert.ok(out.length >= 3)
  for (const line of out) assert.deepEqual(message(JSON.parse(line) as Json), { role: 'assistant', content: '' })
})

test('a call that was cut off is no call: the answer fails rather than give half of it', () => {
  assert.throws(
    () =>
      lines(
        [0, { type: 'tool-start', index: 0, id: 'a', name: 'f' }],
        [0, { type: 'tool-delta', index: 0, arguments: '{"x"' }],
        [0, { type: 'finish', reason: 'length' }],
      ),
    { kind: 'upstream-refused', message: /f/ },
  )
})

test('numbers in arguments keep every digit in both directions', () => {
  const line =
    '{"message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"n":12345678901234567890,"x":1.0}}}]},"done":false}'
  const parts = dialect.partReader()(line)
  assert.deepEqual(parts.at(-1), { type: 'tool-delta', index: 0, arguments: '{"n":12345678901234567890,"x":1.0}' })
  const written = [...parts, { type: 'end' } as const].map(dialect.partWriter(about)).join('')
  assert.ok(written.includes('"arguments":{"n":12345678901234567890,"x":1.0}'), written)
  assert.ok(JSON.stringify(dialect.collect(parts, about)).includes('"n":12345678901234567890,"x":1.0'))
})

test('an error is one line with a sentence and a code, and is not done', () => {
  assert.equal(
    dialect.faultFrame(new Fault('upstream-slow', 'Too slow.')),
    '{"error":"Too slow.","code":"upstream_timeout"}\n',
  )
})

test('only the last object of a passing stream is parsed, blank lines are dropped, half a line too', () => {
  const watcher = dialect.watcher({ hideUsage: true, rename: undefined })
  const text = '{"message":{"role":"assistant","content":"\\"done\\":true \\"error\\":"},"done":false}\n'
  const last = '{"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","eval_count":2}\n'
  const see = (bytes: string): string | undefined => watcher.see(Buffer.from(bytes))?.toString()
  assert.equal(see(text), text)
  assert.deepEqual([watcher.ended, watcher.frames, watcher.usage], [false, 1, undefined])
  assert.equal(see(`\r\n${text}`), text)
  assert.equal(see('{"message":{"role":"assi'), undefined)
  assert.equal(see(last.trimEnd()), last)
  assert.deepEqual([watcher.ended, watcher.frames, watcher.usage], [true, 2, { promptTokens: 0, outputTokens: 2 }])
})

test('arguments that look like an end or an error are neither', () => {
  const watcher = dialect.watcher({ hideUsage: false, rename: { from: 'm', to: 'you' } })
  const line =
    '{"model":"m","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"done":true,"error":"x","model":"m"}}}]},"done":false}\n'
  assert.equal(watcher.see(Buffer.from(line))?.toString(), line.replace('{"model":"m"', '{"model":"you"'))
  assert.deepEqual([watcher.ended, watcher.fault, watcher.frames], [false, undefined, 1])
})

test('an answer in one piece that is not done has failed, and no retry would help', () => {
  const fault = dialect.faultIn(
    Buffer.from('{"model":"m","message":{"role":"assistant","content":" ha"},"done":false}'),
  )
  assert.deepEqual([fault?.status, fault?.retry], [502, false])
  assert.equal(dialect.faultIn(Buffer.from('{"message":{"content":"x"},"done":true}')), undefined)
})
