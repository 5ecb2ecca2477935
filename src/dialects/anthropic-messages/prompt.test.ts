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
  ]
  assert.deepEqual(said(read({ system }).messages), [
    ['system', 'You are Claude.'],
    ['user', 'hi'],
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

test('thinking is off, on, or as much as its budget says', () => {
  const reasoning = (more: Json): unknown => read(more).reasoning
  assert.equal(reasoning({}), undefined)
  assert.equal(reasoning({ thinking: { type: 'disabled' } }), 'off')
  assert.equal(reasoning({ thinking: { type: 'adaptive' } }), 'on')
  assert.equal(reasoning({ thinking: { type: 'adaptive' }, output_config: { effort: 'high' } }), 'high')
  assert.equal(reasoning({ thinking: { type: 'enabled', budget_tokens: 1_024 } }), 'low')
  assert.equal(reasoning({ thinking: { type: 'enabled', budget_tokens: 60_000 } }), 'max')
})

test('who a Claude Code user is stays with Anthropic', () => {
  assert.equal('user' in toOpenAi({ metadata: { user_id: 'user_abc_account_1_session_2' } }), false)
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
    ['tool_result', 'text', 'text'],
  )
  assert.equal(answered!.content[0]!['is_error'], true)
  assert.match(String(answered!.content[1]!['text']), /late/)
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

test('thinking is left out where Anthropic would refuse it', () => {
  const thinking = (more: Json): unknown =>
    (toAnthropic({ reasoning_effort: 'high', ...more })['thinking'] as Json)['type']
  const tools = [{ type: 'function', function: { name: 'f' } }]
  assert.equal(thinking({ max_tokens: 20_000 }), 'enabled')
  assert.equal(thinking({ max_tokens: 500 }), 'disabled')
  assert.equal(thinking({ max_tokens: 20_000, tools, tool_choice: 'required' }), 'disabled')
  const messages = [...hi, call('a', 'f'), { role: 'tool', tool_call_id: 'a', content: '1' }]
  assert.equal(thinking({ max_tokens: 20_000, tools, messages }), 'disabled')
  assert.equal('temperature' in toAnthropic({ reasoning_effort: 'high', max_tokens: 20_000, temperature: 0.2 }), false)
})

test('what would change the answer and has no words there is refused', () => {
  const audio = [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } }] }]
  for (const more of [{ logprobs: true }, { messages: audio }])
    assert.throws(() => toAnthropic(more), { kind: 'bad-request' }, JSON.stringify(more))
  assert.match(String(toAnthropic({ response_format: { type: 'json_object' } })['system']), /JSON/)
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
