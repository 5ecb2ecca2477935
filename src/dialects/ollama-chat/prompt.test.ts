import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json } from '../../core/json.ts'
import { readPrompt as readOpenAi } from '../openai-chat/prompt-reader.ts'
import { writePrompt as writeOpenAi } from '../openai-chat/prompt-writer.ts'
import { readPrompt } from './prompt-reader.ts'
import { writePrompt } from './prompt-writer.ts'

const hi = [{ role: 'user', content: 'hi' }]
/** A request in the dialect of OpenAI as Ollama gets it. */
const toOllama = (more: Json): Json => writePrompt(readOpenAi({ model: 'm', messages: hi, ...more }))
const toOpenAi = (more: Json): Json => writeOpenAi(readPrompt({ model: 'm', messages: hi, ...more }))

test('limits, sampling and stops become options, under their names here', () => {
  assert.deepEqual(
    toOllama({ max_completion_tokens: 9, temperature: 0, top_p: 0.5, seed: 1, frequency_penalty: 1, stop: 'x' })[
      'options'
    ],
    {
      num_predict: 9,
      temperature: 0,
      top_p: 0.5,
      seed: 1,
      frequency_penalty: 1,
      stop: ['x'],
    },
  )
  assert.equal('options' in toOllama({}), false)
})

test('a limit that means none here is none elsewhere', () => {
  for (const limit of [0, -1, -2]) assert.equal('max_tokens' in toOpenAi({ options: { num_predict: limit } }), false)
  assert.equal(toOpenAi({ options: { num_predict: 5 } })['max_tokens'], 5)
})

test('parts of text are one text, and pictures stand beside it without their address', () => {
  const content = [
    { type: 'text', text: 'a' },
    { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
    { type: 'text', text: 'b' },
  ]
  assert.deepEqual(toOllama({ messages: [{ role: 'user', content }] })['messages'], [
    { role: 'user', content: 'a\nb', images: ['iVBORw0KGgo='] },
  ])
})

test('the address of a picture is refused, never fetched', () => {
  const content = [{ type: 'image_url', image_url: { url: 'http://127.0.0.1/x.png' } }]
  assert.throws(() => toOllama({ messages: [{ role: 'user', content }] }), {
    kind: 'bad-request',
    message: /messages\[0\].*data:/,
  })
})

test('arguments are an object, with every digit they had, and a result names its tool', () => {
  const messages = [
    ...hi,
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{"n":12345678901234567890}' } }],
    },
    { role: 'tool', tool_call_id: 'a', content: '7' },
  ]
  const written = JSON.stringify(toOllama({ messages })['messages'])
  assert.ok(written.includes('"function":{"index":0,"name":"f","arguments":{"n":12345678901234567890}}'), written)
  assert.ok(written.includes('{"role":"tool","content":"7","tool_name":"f","tool_call_id":"a"}'), written)
})

test('arguments that are empty are an empty object, and those that are none are refused', () => {
  const withArguments = (said: string): Json =>
    toOllama({
      messages: [...hi, { role: 'assistant', tool_calls: [{ id: 'a', function: { name: 'f', arguments: said } }] }],
    })
  assert.ok(JSON.stringify(withArguments('')).includes('"arguments":{}'))
  for (const said of ['{"x":', '[1]', '5'])
    assert.throws(() => withArguments(said), { kind: 'bad-request', message: /messages\[1\].*f/ }, said)
})

test('calls without ids get one, and results find the call of their tool', () => {
  const call = (name: string): Json => ({ function: { name, arguments: {} } })
  const messages = [
    ...hi,
    { role: 'assistant', content: '', tool_calls: [call('f'), call('g')] },
    { role: 'tool', tool_name: 'g', content: 'of g' },
    { role: 'tool', content: 'of f' },
  ]
  const [, said, ofG, ofF] = toOpenAi({ messages })['messages'] as {
    tool_calls: { id: string }[]
    tool_call_id: string
  }[]
  const [f, g] = said!.tool_calls.map(({ id }) => id)
  assert.notEqual(f, g)
  assert.deepEqual([ofG!.tool_call_id, ofF!.tool_call_id], [g, f])
})

test('no tool may be called: none is offered; one must be: only that one is', () => {
  const tool = (name: string): Json => ({ type: 'function', function: { name } })
  const tools = [tool('f'), tool('g')]
  const names = (choice: unknown): unknown =>
    (toOllama({ tools, tool_choice: choice })['tools'] as { function: { name: string } }[] | undefined)?.map(
      (one) => one.function.name,
    )
  assert.equal(names('none'), undefined)
  assert.deepEqual(names('auto'), ['f', 'g'])
  assert.deepEqual(names(tool('g')), ['g'])
  assert.deepEqual((toOllama({ tools, tool_choice: tool('g') })['messages'] as unknown[]).at(-1), {
    role: 'system',
    content: 'Answer by calling the tool g.',
  })
  assert.throws(() => names(tool('h')), { kind: 'bad-request' })
})

test('a tool without parameters takes an empty object', () => {
  const [tool] = toOllama({ tools: [{ type: 'function', function: { name: 'f' } }] })['tools'] as { function: Json }[]
  assert.deepEqual(tool?.function['parameters'], { type: 'object', properties: {} })
})

test('a format is json, a schema, or none', () => {
  const schema = { type: 'object' }
  assert.equal(toOllama({ response_format: { type: 'json_object' } })['format'], 'json')
  assert.deepEqual(
    toOllama({ response_format: { type: 'json_schema', json_schema: { name: 'n', schema } } })['format'],
    schema,
  )
  assert.equal('format' in toOllama({ response_format: { type: 'text' } }), false)
  assert.deepEqual(toOpenAi({ format: schema })['response_format'], {
    type: 'json_schema',
    json_schema: { name: 'answer', schema },
  })
  for (const format of ['', null]) assert.equal('response_format' in toOpenAi({ format }), false)
  assert.throws(() => toOpenAi({ format: 'yaml' }), { kind: 'bad-request', message: /format/ })
})

test('how much to think is said when the caller said it, and only then', () => {
  const thinks = ['none', 'minimal', 'low', 'high', 'xhigh', null].map(
    (effort) => toOllama({ reasoning_effort: effort })['think'],
  )
  assert.deepEqual(thinks, [false, 'low', 'low', 'high', 'max', undefined])
  assert.deepEqual(
    [true, false, 'max', null].map((think) => toOpenAi({ think })['reasoning_effort']),
    ['medium', 'none', 'max', undefined],
  )
  assert.throws(() => toOpenAi({ think: 'silly' }), { kind: 'bad-request', message: /think/ })
})

test('streaming is on unless it is switched off, and what only Ollama knows goes no further', () => {
  const written = toOpenAi({ keep_alive: -1, truncate: true, options: { num_ctx: 1, mirostat: 2 } })
  assert.deepEqual(written, { model: 'm', messages: hi, stream: true })
  assert.equal(toOpenAi({ stream: false })['stream'], false)
})
