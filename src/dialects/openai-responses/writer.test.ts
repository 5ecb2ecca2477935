import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AnswerAbout } from '../../core/dialect.ts'
import type { Json } from '../../core/json.ts'
import type { Part } from '../../core/part.ts'
import { collect, partWriter } from './writer.ts'

const about: AnswerAbout = {
  id: 'k3-1f/ü"x"',
  model: 'm',
  promptTokens: 7,
  createdMs: 5_900,
  wantsUsage: true,
  epochMs: () => 8_100,
}

interface Event extends Json {
  readonly type: string
  readonly item?: Json
  readonly response?: Json
}

const written = (parts: readonly Part[], body?: Json): Event[] =>
  parts
    .map(partWriter({ ...about, ...(body !== undefined && { body }) }))
    .join('')
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame) => {
      const [, name, data] = /^event: (\S+)\ndata: (.*)$/.exec(frame)!
      const event = JSON.parse(data!) as Event
      assert.equal(event.type, name)
      return event
    })
const namesOf = (events: readonly Event[]): string[] => events.map(({ type }) => type.replace('response.', ''))
const text = (said: string): Part => ({ type: 'text-delta', text: said })
const thought = (said: string): Part => ({ type: 'thinking-delta', text: said })
const call = (index: number, name = 'f'): Part => ({ type: 'tool-start', index, id: `call_${index}`, name })
const args = (index: number, said: string): Part => ({ type: 'tool-delta', index, arguments: said })
const finish = (reason: 'stop' | 'length' | 'tool-calls' | 'content-filter' = 'stop'): Part => ({
  type: 'finish',
  reason,
})
const end: Part = { type: 'end' }

test('a text is told in the order of the documents, and every event has its number', () => {
  const events = written([text('a'), text('b'), finish(), end])
  assert.deepEqual(namesOf(events), [
    'created',
    'in_progress',
    'output_item.added',
    'content_part.added',
    'output_text.delta',
    'output_text.delta',
    'output_text.done',
    'content_part.done',
    'output_item.done',
    'completed',
  ])
  assert.deepEqual(
    events.map((event) => event['sequence_number']),
    events.map((_, at) => at),
  )
})

test('a thought is an item of its own and is closed before the text opens', () => {
  const events = written([thought('hm'), text('a'), thought('oh'), finish(), end])
  assert.deepEqual(namesOf(events.slice(2)), [
    'output_item.added',
    'reasoning_summary_part.added',
    'reasoning_summary_text.delta',
    'reasoning_summary_text.done',
    'reasoning_summary_part.done',
    'output_item.done',
    'output_item.added',
    'content_part.added',
    'output_text.delta',
    'output_text.done',
    'content_part.done',
    'output_item.done',
    'output_item.added',
    'reasoning_summary_part.added',
    'reasoning_summary_text.delta',
    'reasoning_summary_text.done',
    'reasoning_summary_part.done',
    'output_item.done',
    'completed',
  ])
  const places = events.map((event) => event['output_index']).filter((at) => at !== undefined)
  assert.deepEqual(places, [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2])
})

test('every item is told whole when it is done, and all of them once more at the end', () => {
  const events = written([
    thought('hm'),
    text('a'),
    text('b'),
    call(0),
    args(0, '{"x"'),
    args(0, ':1}'),
    finish('tool-calls'),
    end,
  ])
  const items = events.filter(({ type }) => type === 'response.output_item.done').map(({ item }) => item)
  assert.deepEqual(items, [
    { type: 'reasoning', id: 'rs_k3-1fx_0', summary: [{ type: 'summary_text', text: 'hm' }] },
    {
      type: 'message',
      id: 'msg_k3-1fx_1',
      status: 'completed',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'ab', annotations: [], logprobs: [] }],
    },
    {
      type: 'function_call',
      id: 'fc_k3-1fx_2',
      status: 'completed',
      call_id: 'call_0',
      name: 'f',
      arguments: '{"x":1}',
    },
  ])
  const response = events.at(-1)!.response!
  assert.deepEqual(response['output'], items)
  assert.deepEqual([response['id'], response['status']], ['resp_k3-1fx', 'completed'])
})

test('calls are open side by side, so that their pieces may come in any order', () => {
  const events = written([
    call(0),
    args(0, '{'),
    call(1),
    args(1, '{'),
    args(0, '}'),
    args(1, '}'),
    finish('tool-calls'),
    end,
  ])
  assert.deepEqual(
    events.filter(({ type }) => type.endsWith('arguments.delta')).map((event) => [event['item_id'], event['delta']]),
    [
      ['fc_k3-1fx_0', '{'],
      ['fc_k3-1fx_1', '{'],
      ['fc_k3-1fx_0', '}'],
      ['fc_k3-1fx_1', '}'],
    ],
  )
  assert.deepEqual(
    (events.at(-1)!.response!['output'] as Json[]).map((item) => item['arguments']),
    ['{}', '{}'],
  )
})

test('a call without arguments has an empty object for them, in its pieces as well', () => {
  const events = written([call(0), finish('tool-calls'), end])
  assert.deepEqual(namesOf(events).slice(3, 6), [
    'function_call_arguments.delta',
    'function_call_arguments.done',
    'output_item.done',
  ])
  assert.deepEqual([events[3]?.['delta'], events[4]?.['arguments']], ['{}', '{}'])
})

test('a call without an id gets one, the same for the same answer', () => {
  const [first, again] = [0, 1].map(
    () =>
      written([{ type: 'tool-start', index: 0, id: '', name: 'f' }, finish('tool-calls'), end])[2]!.item!['call_id'],
  )
  assert.equal(first, again)
  assert.match(String(first), /^call_\w+$/)
})

test('a tool that was offered for free text is called with it, not with arguments', () => {
  const body = {
    tools: [
      { type: 'custom', name: 'patch' },
      { type: 'function', name: 'f' },
    ],
  }
  const parts = [
    call(0, 'patch'),
    args(0, '{"input":"a '),
    args(0, '\\"b\\""}'),
    call(1),
    args(1, '{}'),
    finish('tool-calls'),
    end,
  ]
  const events = written(parts, body)
  assert.deepEqual(namesOf(events).slice(2, -1), [
    'output_item.added',
    'output_item.added',
    'function_call_arguments.delta',
    'custom_tool_call_input.delta',
    'custom_tool_call_input.done',
    'output_item.done',
    'function_call_arguments.done',
    'output_item.done',
  ])
  assert.deepEqual(events.at(-1)!.response!['output'], [
    {
      type: 'custom_tool_call',
      id: 'ctc_k3-1fx_0',
      status: 'completed',
      call_id: 'call_0',
      name: 'patch',
      input: 'a "b"',
    },
    { type: 'function_call', id: 'fc_k3-1fx_1', status: 'completed', call_id: 'call_1', name: 'f', arguments: '{}' },
  ])
})

test('arguments that hold no free text reach the tool as they are', () => {
  for (const said of ['{"input":"torn', '"x"', '{"other":1}']) {
    const [item] = collect([call(0, 'patch'), args(0, said), finish('length'), end], {
      ...about,
      body: { tools: [{ type: 'custom', name: 'patch' }] },
    })['output'] as Json[]
    assert.equal(item?.['input'], said)
  }
})

test('an answer that was cut off is incomplete and says why, and so is the item it was cut in', () => {
  for (const [reason, why] of [
    ['length', 'max_output_tokens'],
    ['content-filter', 'content_filter'],
  ] as const) {
    const { type, response }: Event = written([text('a'), finish(reason), end]).at(-1)!
    assert.deepEqual(
      [type, response!['status'], response!['incomplete_details'], response!['completed_at']],
      ['response.incomplete', 'incomplete', { reason: why }, null],
    )
    assert.equal((response!['output'] as Json[])[0]?.['status'], 'incomplete')
  }
})

test('the counts come with the last event, with a zero where nobody counted', () => {
  const usage = { promptTokens: 9, outputTokens: 7, cachedTokens: 4 }
  const events = written([text('a'), finish(), { type: 'usage', usage }, end])
  assert.equal(events[0]!.response!['usage'], null)
  assert.deepEqual(events.at(-1)!.response!['usage'], {
    input_tokens: 9,
    input_tokens_details: { cached_tokens: 4, cache_write_tokens: 0 },
    output_tokens: 7,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 16,
  })
})

test('a response says again what it was asked with, and when it began and ended', () => {
  const body = {
    instructions: 'be kind',
    tools: [{ type: 'web_search' }],
    tool_choice: 'none',
    temperature: 0.5,
    parallel_tool_calls: false,
    text: { verbosity: 'low' },
    metadata: { a: 'b' },
    store: true,
    truncation: 'auto',
  }
  const response = collect([text('a'), finish(), end], { ...about, body })
  for (const key of ['instructions', 'tools', 'tool_choice', 'temperature', 'parallel_tool_calls', 'metadata'] as const)
    assert.deepEqual(response[key], body[key], key)
  assert.deepEqual(response['text'], { format: { type: 'text' }, verbosity: 'low' })
  // What is done otherwise than it was asked for is told as it is done.
  assert.deepEqual([response['store'], response['truncation'], response['top_p']], [false, 'disabled', null])
  assert.deepEqual([response['created_at'], response['completed_at'], response['model']], [5, 8, 'm'])
})

test('probabilities come with their piece and with the whole text', () => {
  const logprobs = [{ token: 'a', logprob: -0.5, bytes: [97] }]
  const asWritten = [{ token: 'a', logprob: -0.5, bytes: [97], top_logprobs: [] }]
  const events = written([{ type: 'text-delta', text: 'a', logprobs }, text('b'), finish(), end])
  const told = events.filter(({ type }) => type.startsWith('response.output_text')).map((event) => event['logprobs'])
  assert.deepEqual(told, [asWritten, [], asWritten])
})

test('an answer without a word is whole nevertheless', () => {
  const events = written([finish(), end])
  assert.deepEqual(namesOf(events), ['created', 'in_progress', 'completed'])
  assert.deepEqual(events.at(-1)!.response!['output'], [])
})

test('a signature that comes without a thought is no thought', () => {
  assert.deepEqual(namesOf(written([{ type: 'thinking-delta', text: '', signature: 's' }, finish(), end])), [
    'created',
    'in_progress',
    'completed',
  ])
})
