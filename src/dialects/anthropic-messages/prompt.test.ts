import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json } from '../../core/json.ts'
import type { Message, Prompt } from '../../core/prompt.ts'
import { readPrompt as readOpenAi } from '../openai-chat/prompt-reader.ts'
import { writePrompt as writeOpenAi } from '../openai-chat/prompt-writer.ts'
import { readPrompt } from './prompt-reader.ts'
import { writePrompt } from './prompt-writer.ts'

const hi = [{ role: 'user', content: 'hi' }]
const read = (more: Json): Prompt => readPrompt({ model: 'm', max_tokens: 100, messages: hi, ...more })
/** A request in OpenAI's dialect as Anthropic gets it, and the other way round. */
const toAnthropic = (more: Json): Json => writePrompt(readOpenAi({ model: 'm', messages: hi, ...more }))
const toOpenAi = (more: Json): Json => writeOpenAi(read(more))
const said = (messages: readonly Message[]): unknown[] =>
  messages.map(({ role, content }) => [role, content.map((one) => ('text' in one ? one.text : one.type)).join('|')])

const call = (id: string, name: string, args = '{}'): Json => ({
  role: 'assistant',
  content: null,
  tool_calls: [{ id, type: 'function', function: { name, arguments: args } }],
})

test('the billing block at the head of the system prompt is left out, and nothing else is', () => {
  const system = [
    { type: 'text', text: 'x-anthropic-billing-header: cc_version=2; cch=abcde;' },
    { type: 'text', text: 'You are Claude.', cache_control: { type: 'ephemeral' } },
    { type: 'text', text: 'x-anthropic-billing-header: is a header.' },
  ]
  assert.deepEqual(said(read({ system }).messages), [
    ['system', 'You are Claude.|x-anthropic-billing-header: is a header.'],
    ['user', 'hi'],
  ])
})

test('a system prompt in one string keeps all but its line of billing', () => {
  const system = 'x-anthropic-billing-header: cch=abcde;\nYou are Claude.\nx-anthropic-billing-header: is a header.'
  assert.deepEqual(said(read({ system }).messages)[0], [
    'system',
    'You are Claude.\nx-anthropic-billing-header: is a header.',
  ])
})

test('a system message in mid-conversation keeps its place, as something that the user says', () => {
  const messages = [
    ...hi,
    { role: 'assistant', content: 'yes' },
    { role: 'user', content: 'go' },
    { role: 'system', content: 'be brief' },
  ]
  assert.deepEqual((toOpenAi({ messages })['messages'] as Json[]).at(-1), {
    role: 'user',
    content: [
      { type: 'text', text: 'go' },
      { type: 'text', text: '<system>\nbe brief\n</system>' },
    ],
  })
})

test('results of tools stand before what the user says, each for its call, and one that failed says so', () => {
  const messages = [
    ...hi,
    { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: 1 } }] },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: 'no' }], is_error: true },
        { type: 'text', text: 'and now?' },
      ],
    },
  ]
  const { messages: got } = read({ messages })
  assert.deepEqual(said(got), [
    ['user', 'hi'],
    ['assistant', ''],
    ['tool', 'no'],
    ['user', 'and now?'],
  ])
  assert.deepEqual([got[2]!.toolCallId, got[2]!.name, got[2]!.isError], ['toolu_1', 'f', true])
})

test('a last message of the assistant is a beginning, to be carried on', () => {
  assert.equal(read({ messages: [...hi, { role: 'assistant', content: 'It is ' }] }).continues, true)
  assert.equal(read({}).continues, undefined)
  const written = writePrompt(read({ messages: [...hi, { role: 'assistant', content: 'It is ' }] }))
  assert.deepEqual((written['messages'] as Json[]).at(-1), {
    role: 'assistant',
    content: [{ type: 'text', text: 'It is' }],
  })
})

test('tools that run at Anthropic are not offered to others, and those that remain are', () => {
  const tools = [
    { type: 'web_search_20250305', name: 'web_search' },
    { name: 'f', input_schema: { type: 'object' } },
  ]
  assert.deepEqual(
    read({ tools }).tools.map(({ name }) => name),
    ['f'],
  )
})

test('a choice among tools is heard, and refused where nothing is left to choose', () => {
  const here = { name: 'f', input_schema: { type: 'object' } }
  const there = { type: 'web_search_20250305', name: 'web_search' }
  const choice = (tools: Json[], tool_choice: Json): unknown => read({ tools, tool_choice }).toolChoice
  assert.deepEqual(choice([here, there], { type: 'any' }), { type: 'required' })
  assert.deepEqual(choice([here, there], { type: 'tool', name: 'f' }), { type: 'tool', name: 'f' })
  assert.deepEqual(choice([here], { type: 'none' }), { type: 'none' })
  assert.equal(choice([there], { type: 'auto' }), undefined)
  for (const forced of [{ type: 'any' }, { type: 'tool', name: 'web_search' }])
    assert.throws(() => choice([there], forced), { kind: 'bad-request', message: /tool_choice/ })
  assert.equal(
    read({ tools: [here], tool_choice: { type: 'any', disable_parallel_tool_use: true } }).parallelTools,
    false,
  )
})

test('pictures, documents and what was found are read in every form that can be said elsewhere', () => {
  const piece = (block: Json): unknown => read({ messages: [{ role: 'user', content: [block] }] }).messages[0]!.content
  const pdf = { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' }
  assert.deepEqual(piece({ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }), [
    { type: 'image', mediaType: 'image/png', base64: 'AAAA' },
  ])
  assert.deepEqual(piece({ type: 'image', source: { type: 'url', url: 'https://example.org/a.png' } }), [
    { type: 'image-url', url: 'https://example.org/a.png' },
  ])
  assert.deepEqual(piece({ type: 'document', source: pdf, title: 'T', cache_control: { type: 'ephemeral' } }), [
    { type: 'document', mediaType: 'application/pdf', base64: 'JVBERi0=', title: 'T' },
  ])
  assert.deepEqual(
    piece({ type: 'document', title: 'T', source: { type: 'text', media_type: 'text/plain', data: 'words' } }),
    [{ type: 'text', text: 'T\nwords' }],
  )
  assert.deepEqual(
    piece({ type: 'search_result', title: 'T', source: 'S', content: [{ type: 'text', text: 'found' }] }),
    [{ type: 'text', text: 'T\nS\nfound' }],
  )
  for (const source of [
    { type: 'file', file_id: 'file_1' },
    { type: 'url', url: 'file:///etc/passwd' },
  ])
    assert.throws(() => piece({ type: 'image', source }), { kind: 'bad-request', message: /messages\.0\.content\.0/ })
})

test('sampling is honoured, the form of the answer too, and a limit of nothing is one token', () => {
  const schema = { type: 'object' }
  const { sampling, format, outputTokensMax, stop } = read({
    temperature: 0.5,
    top_p: 0.9,
    top_k: 5,
    max_tokens: 0,
    stop_sequences: ['x'],
    output_config: { format: { type: 'json_schema', schema } },
  })
  assert.deepEqual(sampling, { temperature: 0.5, topP: 0.9, topK: 5 })
  assert.deepEqual(format, { type: 'json-schema', name: undefined, schema, strict: undefined })
  assert.deepEqual([outputTokensMax, stop], [1, ['x']])
})

test('thinking is off, on, or as much as its budget says', () => {
  const reasoning = (more: Json): unknown => read(more).reasoning
  assert.equal(reasoning({}), undefined)
  assert.equal(reasoning({ thinking: { type: 'disabled' } }), 'off')
  assert.equal(reasoning({ thinking: { type: 'adaptive' } }), 'on')
  assert.equal(reasoning({ thinking: { type: 'adaptive' }, output_config: { effort: 'high' } }), 'high')
  assert.equal(reasoning({ thinking: { type: 'enabled', budget_tokens: 1_024 } }), 'low')
  assert.equal(reasoning({ thinking: { type: 'enabled', budget_tokens: 60_000 } }), 'max')
})

test('who a user is goes along, but who a Claude Code user is stays with Anthropic', () => {
  const user = (user_id: string): unknown => toOpenAi({ metadata: { user_id } })['user']
  assert.equal(user('anna'), 'anna')
  assert.equal(user('user_abc_account_1_session_2'), undefined)
  assert.equal(user('{"device_id":"d","account_uuid":"","session_id":"s"}'), undefined)
})

test('a limit is required, so there is one; and a temperature is within their bounds', () => {
  assert.equal(toAnthropic({})['max_tokens'], 4_096)
  assert.equal(toAnthropic({ max_completion_tokens: 9 })['max_tokens'], 9)
  assert.equal(toAnthropic({ temperature: 1.7 })['temperature'], 1)
  assert.equal('top_p' in toAnthropic({ temperature: 0.5, top_p: 0.9 }), false)
})

test('users and assistants take turns, the user first, and nobody says nothing', () => {
  const messages = [
    { role: 'system', content: 'a' },
    { role: 'system', content: 'b' },
    { role: 'assistant', content: 'hello' },
    { role: 'user', content: '' },
    { role: 'user', content: 'x' },
    { role: 'user', content: 'y' },
  ]
  const written = toAnthropic({ messages })
  assert.equal(written['system'], 'a\n\nb')
  assert.deepEqual(written['messages'], [
    { role: 'user', content: [{ type: 'text', text: '…' }] },
    { role: 'assistant', content: [{ type: 'text', text: 'hello' }] },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'x' },
        { type: 'text', text: 'y' },
      ],
    },
  ])
})

test('results are answered in one message, before anything else, under ids that are allowed', () => {
  const messages = [
    ...hi,
    { ...call('functions.f:0', 'f', '{"n":12345678901234567890}') },
    { role: 'tool', tool_call_id: 'functions.f:0', content: 'one' },
    { role: 'user', content: 'go on' },
  ]
  const text = JSON.stringify(toAnthropic({ messages })['messages'])
  assert.ok(text.includes('"id":"functions_f_0","name":"f","input":{"n":12345678901234567890}'), text)
  assert.ok(
    text.includes(
      '[{"type":"tool_result","tool_use_id":"functions_f_0","content":"one"},{"type":"text","text":"go on"}]',
    ),
    text,
  )
})

test('a call without a result gets one that says so, and a result without a call is told as text', () => {
  const messages = [
    ...hi,
    call('a', 'f'),
    { role: 'user', content: 'never mind' },
    { role: 'tool', tool_call_id: 'b', content: 'late' },
  ]
  const [, , answered] = toAnthropic({ messages })['messages'] as { content: Json[] }[]
  assert.deepEqual(
    answered!.content.map(({ type }) => type),
    ['tool_result', 'text', 'text', 'text'],
  )
  assert.equal(answered!.content[0]!['is_error'], true)
  assert.equal(answered!.content[2]!['text'], 'late')
})

test('calls that a server numbers anew with each answer have ids of their own, as have their results', () => {
  const round = (id: string): Json[] => [call(id, 'f'), { role: 'tool', tool_call_id: id, content: id }]
  const turns = toAnthropic({ messages: [...hi, ...round('call.0'), ...hi, ...round('call:0')] })['messages']
  const ids = (turns as { content: Json[] }[]).flatMap(({ content }) =>
    content.flatMap(({ id, tool_use_id: answers }) => [id, answers].filter((one) => one !== undefined)),
  )
  assert.deepEqual(ids, ['call_0', 'call_0', 'call_0_2', 'call_0_2'])
})

test('an answer at the end that nobody asked to carry on is replied to', () => {
  const turns = toAnthropic({ messages: [...hi, { role: 'assistant', content: 'done ' }] })['messages'] as Json[]
  assert.deepEqual(
    turns.map(({ role }) => role),
    ['user', 'assistant', 'user'],
  )
})

test('thoughts go back to whoever signed them, and to nobody else', () => {
  const messages = [
    ...hi,
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'hm', signature: 'sig' },
        { type: 'redacted_thinking', data: 'sealed' },
        { type: 'text', text: 'a' },
      ],
    },
    ...hi,
  ]
  assert.deepEqual((writePrompt(read({ messages }))['messages'] as { content: unknown }[])[1]!.content, [
    { type: 'thinking', thinking: 'hm', signature: 'sig' },
    { type: 'redacted_thinking', data: 'sealed' },
    { type: 'text', text: 'a' },
  ])
  const unsigned = [...hi, { role: 'assistant', content: 'a', reasoning_content: 'hm' }, ...hi]
  assert.ok(!JSON.stringify(toAnthropic({ messages: unsigned })).includes('hm'))
})

test('thoughts and the answer both have room, and a limit is raised only where none would be left', () => {
  const room = (more: Json): unknown[] => {
    const { max_tokens: limit, thinking } = toAnthropic({ reasoning_effort: 'high', ...more })
    return [limit, (thinking as Json)['budget_tokens']]
  }
  assert.deepEqual(room({}), [20_480, 16_384])
  assert.deepEqual(room({ max_tokens: 40_000 }), [40_000, 16_384])
  assert.deepEqual(room({ max_tokens: 5_000 }), [5_000, 2_500])
  assert.deepEqual(room({ max_tokens: 500 }), [1_524, 1_024])
  assert.deepEqual(toAnthropic({ reasoning_effort: 'none' })['thinking'], { type: 'disabled' })
})

test('thinking is left out where Anthropic would refuse it', () => {
  const thinking = (more: Json): unknown =>
    (toAnthropic({ reasoning_effort: 'high', ...more })['thinking'] as Json)['type']
  const tools = [{ type: 'function', function: { name: 'f' } }]
  assert.equal(thinking({ max_tokens: 20_000 }), 'enabled')
  const beginning = read({ messages: [...hi, { role: 'assistant', content: 'It is' }], thinking: { type: 'adaptive' } })
  assert.deepEqual(writePrompt(beginning)['thinking'], { type: 'disabled' })
  assert.equal(thinking({ max_tokens: 20_000, tools, tool_choice: 'required' }), 'disabled')
  const messages = [...hi, call('a', 'f'), { role: 'tool', tool_call_id: 'a', content: '1' }]
  assert.equal(thinking({ max_tokens: 20_000, tools, messages }), 'disabled')
  assert.equal('temperature' in toAnthropic({ reasoning_effort: 'high', max_tokens: 20_000, temperature: 0.2 }), false)
})

test('what would change the answer and has no words there is refused', () => {
  const audio = [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } }] }]
  for (const more of [{ logprobs: true }, { messages: audio }, { stop: ['\n\n'] }])
    assert.throws(() => toAnthropic(more), { kind: 'bad-request' }, JSON.stringify(more))
  assert.match(String(toAnthropic({ response_format: { type: 'json_object' } })['system']), /JSON/)
  assert.deepEqual(toAnthropic({ seed: 1, frequency_penalty: 1, min_p: 0.1, prompt_cache_key: 'k' }), toAnthropic({}))
})

test('a tool that failed says so elsewhere, and what it showed is shown by the user', () => {
  const picture = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } }
  const messages = [
    ...hi,
    {
      role: 'assistant',
      content: ['a', 'b'].map((id) => ({ type: 'tool_use', id, name: 'f', input: {} })),
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'a', content: 'no such file', is_error: true },
        { type: 'tool_result', tool_use_id: 'b', content: [{ type: 'text', text: 'a cat' }, picture] },
      ],
    },
  ]
  const [, , first, second, shown] = toOpenAi({ messages })['messages'] as Json[]
  assert.deepEqual([first!['content'], second!['content']], ['Error: no such file', 'a cat'])
  assert.deepEqual(shown, {
    role: 'user',
    content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }],
  })
})
