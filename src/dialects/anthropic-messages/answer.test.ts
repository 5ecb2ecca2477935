import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../core/fault.ts'
import type { Json } from '../../core/json.ts'
import type { Part } from '../../core/part.ts'
import { anthropicMessages as dialect } from '../anthropic-messages.ts'

const about = { id: 'x.1', model: 'mine', promptTokens: 40, createdMs: 0, wantsUsage: true, epochMs: () => 0 }

/** The events that these parts become. */
function events(...parts: Part[]): Json[] {
  const write = dialect.partWriter(about)
  const frames = parts
    .map(write)
    .join('')
    .split('\n\n')
    .filter((frame) => frame !== '')
  return frames.map((frame) => {
    const [name, data] = frame.split('\n')
    const json = JSON.parse(data!.slice('data: '.length)) as Json
    assert.equal(name, `event: ${String(json['type'])}`)
    return json
  })
}

const end: readonly Part[] = [
  { type: 'finish', reason: 'stop' },
  { type: 'usage', usage: { promptTokens: 50, outputTokens: 3, cachedTokens: 20 } },
  { type: 'end' },
]

const deltasOf = (all: readonly Json[]): unknown[] =>
  all.flatMap(({ delta }) => {
    const { text, partial_json: json } = (delta ?? {}) as Json
    return [text ?? json].filter((one) => one !== undefined)
  })

const read = (...lines: Json[]): Part[] => {
  const reader = dialect.partReader()
  return lines.flatMap((line) => reader(`event: ${String(line['type'])}\ndata: ${JSON.stringify(line)}`))
}

test('one block is open at a time, and they are numbered without gaps', () => {
  const all = events(
    { type: 'thinking-delta', text: 'hm' },
    { type: 'text-delta', text: 'a' },
    { type: 'tool-start', index: 0, id: 'c0', name: 'f' },
    { type: 'tool-start', index: 1, id: 'c1', name: 'g' },
    { type: 'tool-delta', index: 1, arguments: '{"b":1}' },
    { type: 'tool-delta', index: 0, arguments: '{"a":1}' },
    ...end,
  )
  let open: unknown
  let blocks = 0
  for (const { type, index } of all) {
    if (type === 'content_block_start') {
      assert.deepEqual([open, index], [undefined, blocks])
      open = index
      blocks += 1
    } else if (type === 'content_block_delta') assert.equal(index, open)
    else if (type === 'content_block_stop') {
      assert.equal(index, open)
      open = undefined
    }
  }
  assert.equal(blocks, 4)
  assert.deepEqual(
    all.filter(({ type }) => type === 'content_block_delta').map(({ delta }) => (delta as Json)['partial_json']),
    [undefined, undefined, undefined, '{"a":1}', '{"b":1}'],
  )
})

test('words amid a call wait until it is whole, and hold up nothing behind one that is', () => {
  const torn = events(
    { type: 'tool-start', index: 0, id: 'c0', name: 'f' },
    { type: 'tool-delta', index: 0, arguments: '{"a"' },
    { type: 'text-delta', text: 'and ' },
    { type: 'tool-delta', index: 0, arguments: ':1}' },
    { type: 'text-delta', text: 'so' },
    ...end,
  )
  assert.deepEqual(deltasOf(torn), ['{"a"', ':1}', 'and ', 'so'])
  const write = dialect.partWriter(about)
  write({ type: 'tool-start', index: 0, id: 'c0', name: 'f' })
  write({ type: 'tool-delta', index: 0, arguments: '{}' })
  assert.match(write({ type: 'text-delta', text: 'at once' }), /at once/)
})

test('an answer that nobody counted is counted by its letters', () => {
  const parts: Part[] = [
    { type: 'text-delta', text: 'twelve chars' },
    { type: 'finish', reason: 'stop' },
    { type: 'end' },
  ]
  assert.equal((events(...parts).at(-2)!['usage'] as Json)['output_tokens'], 3)
  assert.equal((dialect.collect(parts, about)['usage'] as Json)['output_tokens'], 3)
})

test('a call that was cut off has no input, and one that is broken without a reason is no answer', () => {
  const torn = (reason: 'length' | 'tool-calls'): Part[] => [
    { type: 'tool-start', index: 0, id: 'c', name: 'f' },
    { type: 'tool-delta', index: 0, arguments: '{"a":' },
    { type: 'finish', reason },
    { type: 'end' },
  ]
  assert.deepEqual(dialect.collect(torn('length'), about)['content'], [
    { type: 'tool_use', id: 'c', name: 'f', input: {} },
  ])
  assert.throws(() => dialect.collect(torn('tool-calls'), about), Fault)
})

test('the counts of the prompt are estimated first and put right at the end, cached ones apart', () => {
  const all = events({ type: 'text-delta', text: 'a' }, ...end)
  assert.deepEqual((all[0]!['message'] as Json)['usage'], {
    input_tokens: 40,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: 0,
  })
  assert.deepEqual(all.at(-2)!['usage'], {
    input_tokens: 30,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 20,
    output_tokens: 3,
  })
  assert.equal(all.at(-1)!['type'], 'message_stop')
})

test('a stop string that is known is named', () => {
  const [, last] = events({ type: 'finish', reason: 'stop', stopSequence: 'END' }, { type: 'end' })
  assert.deepEqual(last!['delta'], { stop_reason: 'stop_sequence', stop_sequence: 'END' })
})

test('tokens of the prompt are all of them, wherever they came from', () => {
  const parts = read(
    {
      type: 'message_start',
      message: { usage: { input_tokens: 1, cache_read_input_tokens: 24, cache_creation_input_tokens: 5 } },
    },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 7 } },
    { type: 'message_stop' },
  )
  assert.deepEqual(
    parts.find(({ type }) => type === 'usage'),
    { type: 'usage', usage: { promptTokens: 30, outputTokens: 7, cachedTokens: 24, cacheWriteTokens: 5 } },
  )
})

test('calls are counted by themselves, though blocks of other kinds stand between them', () => {
  const parts = read(
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_start', index: 1, content_block: { type: 'tool_use', id: 'a', name: 'f' } },
    { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"x":' } },
    { type: 'content_block_start', index: 3, content_block: { type: 'tool_use', id: 'b', name: 'g', input: { y: 2 } } },
    { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '1}' } },
  )
  assert.deepEqual(
    parts.map((part) => ('index' in part ? [part.type, part.index] : part.type)),
    [
      ['tool-start', 0],
      ['tool-delta', 0],
      ['tool-start', 1],
      ['tool-delta', 1],
      ['tool-delta', 0],
    ],
  )
})

test('calls of one number are several, and an input that came whole is not read twice', () => {
  const start = (id: string, input: Json): Json => ({
    type: 'content_block_start',
    index: 0,
    content_block: { type: 'tool_use', id, name: 'f', input },
  })
  const delta = { type: 'input_json_delta', partial_json: '{"a":1}' }
  const parts = read(
    start('a', { a: 1 }),
    { type: 'content_block_delta', index: 0, delta },
    start('b', {}),
    start('c', {}),
  )
  assert.deepEqual(
    parts.map((part) => ('index' in part ? [part.type, part.index] : part.type)),
    [
      ['tool-start', 0],
      ['tool-delta', 0],
      ['tool-start', 1],
      ['tool-start', 2],
    ],
  )
})

test('a frame without the name of its event is read by its type, and one that says nothing is nothing', () => {
  const reader = dialect.partReader()
  const delta = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'a' } }
  assert.deepEqual(reader(`data: ${JSON.stringify(delta)}`), [{ type: 'text-delta', text: 'a' }])
  for (const frame of ['event: ping\ndata: {"type":"ping"}', ': keep-alive', 'data: [DONE]'])
    assert.deepEqual(reader(frame), [])
})

test('why it ended is known only when it has ended', () => {
  assert.deepEqual(read({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 1 } }), [])
  const reasons = ['max_tokens', 'model_context_window_exceeded', 'refusal', 'pause_turn'].map((reason) => {
    const parts = read({ type: 'message_delta', delta: { stop_reason: reason } }, { type: 'message_stop' })
    return parts[0]!.type === 'finish' ? parts[0]!.reason : undefined
  })
  assert.deepEqual(reasons, ['length', 'length', 'content-filter', 'stop'])
})

test('a pause for a sign of life says nothing, and an error in band is a fault of its kind', () => {
  assert.deepEqual(read({ type: 'ping' }), [])
  assert.throws(() => read({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }), {
    blame: 'upstream',
  })
  assert.throws(
    () =>
      read({
        type: 'error',
        error: { type: 'invalid_request_error', message: 'prompt is too long: 9 tokens > 5 maximum' },
      }),
    {
      kind: 'context-overflow',
      tokens: { prompt: 9, max: 5 },
    },
  )
})

test('an overflow is told in the words by which Claude Code knows it', () => {
  const messageOf = (fault: Fault): unknown => (dialect.writeFault(fault)['error'] as Json)['message']
  const overflow = (output?: number): Fault =>
    new Fault('context-overflow', 'x', { tokens: { prompt: 9, max: 5, output } })
  assert.equal(messageOf(overflow()), 'prompt is too long: 9 tokens > 5 maximum')
  assert.equal(
    messageOf(overflow(3)),
    'input length and `max_tokens` exceed context limit: 9 + 3 > 5, decrease input length or `max_tokens` and try again',
  )
})

test('an error names its request, and a full queue is an overload', () => {
  const full = dialect.writeFault(new Fault('queue-full', 'full'), 'req-1')
  assert.deepEqual(full, {
    type: 'error',
    error: { type: 'overloaded_error', message: 'full', details: { error_code: 'queue_full' }, retry_after_ms: 1000 },
    request_id: 'req-1',
  })
})

test('a model that is not there is told as Anthropic tells it, and understood when Anthropic does', () => {
  const written = dialect.writeFault(new Fault('no-such-model', 'No server has the model "m".'))
  assert.deepEqual(written['error'], {
    type: 'not_found_error',
    message: 'model: No server has the model "m".',
    details: { error_code: 'model_not_found' },
  })
  const body = JSON.stringify({ type: 'error', error: { type: 'not_found_error', message: 'model: m' } })
  const { status, code } = dialect.readFault({ status: 404, body, retryAfterMs: undefined })
  assert.deepEqual([status, code], [404, 'model_not_found'])
})

test('a stream that passes is renamed in its first event, counted, and known to be whole', () => {
  const watcher = dialect.watcher({ hideUsage: false, rename: { from: 'theirs', to: 'mine' } })
  const out = [
    { type: 'message_start', message: { id: 'm', model: 'theirs', usage: { input_tokens: 2, output_tokens: 1 } } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'theirs' } },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 4 } },
  ].map((json) =>
    Buffer.from(watcher.see(Buffer.from(`event: ${json.type}\ndata: ${JSON.stringify(json)}\n\n`))!).toString(),
  )
  assert.ok(out[0]!.includes('"model":"mine"') && out[1]!.includes('"text":"theirs"'))
  assert.equal(watcher.ended, false)
  watcher.see(Buffer.from('event: message_stop\ndata: {"type":"message_stop"}\n\n'))
  assert.deepEqual([watcher.ended, watcher.frames, watcher.usage], [true, 1, { promptTokens: 2, outputTokens: 4 }])
})

test('an answer in one piece without a reason for its end has none', () => {
  const answer = (more: Json): Uint8Array => Buffer.from(JSON.stringify({ type: 'message', content: [], ...more }))
  assert.equal(dialect.faultIn(answer({ stop_reason: 'end_turn' })), undefined)
  assert.equal(dialect.faultIn(answer({}))?.status, 502)
  assert.equal(
    dialect.faultIn(Buffer.from('{"type":"error","error":{"type":"api_error","message":"broke"}}'))?.blame,
    'upstream',
  )
})

test('a request without a limit is told which field is missing', () => {
  assert.throws(() => dialect.glance({ model: 'm', messages: [{ role: 'user', content: 'x' }] }), {
    kind: 'bad-request',
    message: /max_tokens/,
  })
})

test('a limit of nothing is one token to the queue, and one that is no number is told so', () => {
  const limit = (max_tokens: unknown): unknown =>
    dialect.glance({ model: 'm', max_tokens, messages: [{ role: 'user', content: 'x' }] }).outputTokensMax
  assert.deepEqual([limit(0), limit(7)], [1, 7])
  assert.throws(() => limit('7'), { kind: 'bad-request', message: /max_tokens must be a number/ })
  assert.throws(() => limit(-1), { kind: 'bad-request', message: /max_tokens/ })
})

test('pictures weigh the same whatever their bytes, and text is text wherever it stands', () => {
  const tokens = (block: Json): number =>
    dialect.glance({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content: [block] }] }).promptTokens
  const picture = (data: string): Json => ({ type: 'image', source: { type: 'base64', media_type: 'image/png', data } })
  const long = 'abcd'.repeat(10_000)
  assert.ok(Math.abs(tokens(picture(long)) - tokens(picture('abcd'))) <= 1)
  assert.ok(tokens(picture('abcd')) > 600)
  assert.ok(tokens({ type: 'document', source: { type: 'text', media_type: 'text/plain', data: long } }) > 10_000)
  assert.ok(tokens({ type: 'tool_use', id: 'a', name: 'f', input: { data: long } }) > 10_000)
  assert.ok(tokens({ type: 'thinking', thinking: 'hm', signature: long }) < 100)
})

test('pictures are needed to be seen, also those that a tool brought', () => {
  const picture = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }
  const needs = (content: unknown): unknown =>
    dialect.glance({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content }] }).needs
  assert.deepEqual(needs([picture]), ['chat', 'vision'])
  assert.deepEqual(needs([{ type: 'tool_result', tool_use_id: 'a', content: [picture] }]), ['chat', 'vision'])
  assert.deepEqual(needs('hi'), ['chat'])
})
