import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json } from '../../core/json.ts'
import type { Prompt } from '../../core/prompt.ts'
import { readPrompt } from './prompt-reader.ts'
import { writePrompt } from './prompt-writer.ts'

const hi = [{ role: 'user', content: 'hi' }]
const read = (more: Json): Prompt => readPrompt({ model: 'm', messages: hi, ...more })
const parts = (...content: Json[]): Prompt => read({ messages: [{ role: 'user', content }] })

test('what only this dialect can say survives being read and written', () => {
  const said: Json = {
    model: 'm',
    messages: [
      { role: 'system', content: 'be kind' },
      {
        role: 'user',
        name: 'Ada',
        content: [
          { type: 'text', text: 'what' },
          { type: 'image_url', image_url: { url: 'https://x.test/a.png', detail: 'low' } },
          { type: 'text', text: 'is it?' },
        ],
      },
    ],
    stream: true,
    tools: [{ type: 'function', function: { name: 'f', strict: true } }],
    tool_choice: { type: 'function', function: { name: 'f' } },
    parallel_tool_calls: false,
    response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' }, strict: true } },
    user: 'u',
  }
  assert.deepEqual(writePrompt(readPrompt(said)), said)
})

test('a developer is a system', () => {
  assert.equal(read({ messages: [{ role: 'developer', content: 'x' }] }).messages[0]?.role, 'system')
})

test('the newer name of the limit outranks the older one, and null is none', () => {
  assert.equal(read({ max_completion_tokens: 5, max_tokens: 9 }).outputTokensMax, 5)
  assert.equal(read({ max_completion_tokens: null, max_tokens: 9 }).outputTokensMax, 9)
  assert.equal(read({ max_tokens: -1 }).outputTokensMax, undefined)
  assert.throws(() => read({ max_tokens: 0 }), { kind: 'bad-request', message: /max_tokens/ })
})

test('a stop may be one string, a list or null', () => {
  assert.deepEqual(
    [read({ stop: 'a' }).stop, read({ stop: ['a', 'b'] }).stop, read({ stop: null }).stop],
    [['a'], ['a', 'b'], []],
  )
})

test('a picture comes as data, of a kind that is said or seen, or by its address', () => {
  const content = (url: string): unknown => parts({ type: 'image_url', image_url: { url } }).messages[0]?.content[0]
  assert.deepEqual(content('data:image/webp;base64,UklGRg=='), {
    type: 'image',
    mediaType: 'image/webp',
    base64: 'UklGRg==',
  })
  assert.deepEqual(content('data:;base64,/9j/4A=='), { type: 'image', mediaType: 'image/jpeg', base64: '/9j/4A==' })
  assert.deepEqual(content('http://x.test/a.png'), { type: 'image-url', url: 'http://x.test/a.png' })
  for (const url of ['file:///etc/passwd', 'data:image/png,abc', 'abc'])
    assert.throws(() => content(url), { kind: 'bad-request' }, url)
})

test('a result knows the name of the tool it came from', () => {
  const { messages } = read({
    messages: [
      ...hi,
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{"n":12345678901234567890}' } }],
      },
      { role: 'tool', tool_call_id: 'a', content: [{ type: 'text', text: '7' }] },
    ],
  })
  assert.equal(messages[2]?.name, 'f')
  assert.equal(messages[1]?.toolCalls[0]?.arguments, '{"n":12345678901234567890}')
})

test('every effort has its meaning, and an unknown one is refused by name', () => {
  const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', null].map(
    (effort) => read({ reasoning_effort: effort }).reasoning,
  )
  assert.deepEqual(efforts, ['off', 'minimal', 'low', 'medium', 'high', 'max', undefined])
  assert.throws(() => read({ reasoning_effort: 'silly' }), { kind: 'bad-request', message: /reasoning_effort/ })
})

test('what another dialect cannot say is refused and never dropped', () => {
  const unsayable: Json[] = [
    { n: 2 },
    { logit_bias: { 5: 1 } },
    { functions: [] },
    { modalities: ['text', 'audio'] },
    { tools: [{ type: 'custom', custom: { name: 'x' } }] },
    { tool_choice: { type: 'allowed_tools', allowed_tools: {} } },
    { response_format: { type: 'grammar' } },
    { messages: [{ role: 'function', name: 'f', content: '' }] },
    { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'x' } }] }] },
  ]
  for (const more of unsayable) assert.throws(() => read(more), { kind: 'bad-request' }, JSON.stringify(more))
  assert.ok(read({ n: 1, logprobs: false, logit_bias: {}, unheard_of: 1 }))
})
