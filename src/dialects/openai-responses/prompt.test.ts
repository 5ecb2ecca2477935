import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Json } from '../../core/json.ts'
import type { Message, Prompt } from '../../core/prompt.ts'
import { readPrompt } from './prompt-reader.ts'
import { writePrompt } from './prompt-writer.ts'

const read = (more: Json): Prompt => readPrompt({ model: 'm', input: 'hi', ...more })
const messages = (...input: Json[]): readonly Message[] => read({ input }).messages
const message = (role: Message['role'], content: Message['content'], more: Partial<Message> = {}): Message => ({
  role,
  content,
  toolCalls: [],
  toolCallId: undefined,
  name: undefined,
  ...more,
})
const say = (text: string): Message['content'][number] => ({ type: 'text', text })

test('what only this dialect can say survives being read and written', () => {
  const said: Json = {
    model: 'm',
    instructions: 'be kind',
    input: [
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'what' },
          { type: 'input_image', image_url: 'https://x.test/a.png', detail: 'low' },
          { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' },
          { type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } },
        ],
      },
      {
        type: 'function_call_output',
        call_id: 'a',
        output: [{ type: 'input_image', image_url: 'https://x.test/b.png', detail: 'auto' }],
      },
    ],
    stream: true,
    store: false,
    max_output_tokens: 9,
    temperature: 0.5,
    tools: [{ type: 'function', name: 'f', description: 'd', parameters: { type: 'object' }, strict: true }],
    tool_choice: { type: 'function', name: 'f' },
    parallel_tool_calls: false,
    text: { format: { type: 'json_schema', name: 'n', schema: { type: 'object' }, strict: true } },
    reasoning: { effort: 'minimal' },
    user: 'u',
    include: ['message.output_text.logprobs'],
    top_logprobs: 3,
    prompt_cache_key: 'k',
  }
  assert.deepEqual(writePrompt(readPrompt(said)), said)
})

test('a string is what the user says, and instructions stand before it', () => {
  assert.deepEqual(read({ input: 'hi', instructions: 'be kind' }).messages, [
    message('system', [say('be kind')]),
    message('user', [say('hi')]),
  ])
})

test('a message may leave out its type, and say the same in a string or in parts', () => {
  const expected = [message('user', [say('hi')])]
  for (const item of [
    { role: 'user', content: 'hi' },
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hi' }] },
  ])
    assert.deepEqual(messages(item), expected)
})

test('a developer is a system, and stays where it stands', () => {
  assert.deepEqual(
    messages({ role: 'user', content: 'a' }, { role: 'developer', content: 'b' }).map(({ role }) => role),
    ['user', 'system'],
  )
})

test('thoughts, text and calls in a row are one message, and the results know the names of their tools', () => {
  assert.deepEqual(
    messages(
      { role: 'user', content: 'go' },
      { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm.' }], encrypted_content: 'x' },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'So.', annotations: [] }] },
      { type: 'function_call', call_id: 'a', name: 'f', arguments: '{"n":12345678901234567890}' },
      { type: 'custom_tool_call', call_id: 'b', name: 'patch', input: 'a "b"\n' },
      { type: 'function_call_output', call_id: 'a', output: '7' },
      { type: 'custom_tool_call_output', call_id: 'b', output: [{ type: 'input_text', text: 'done' }] },
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
    ),
    [
      message('user', [say('go')]),
      message('assistant', [{ type: 'thinking', text: 'Hm.' }, say('So.')], {
        toolCalls: [
          { id: 'a', name: 'f', arguments: '{"n":12345678901234567890}' },
          { id: 'b', name: 'patch', arguments: '{"input":"a \\"b\\"\\n"}' },
        ],
      }),
      message('tool', [say('7')], { toolCallId: 'a', name: 'f' }),
      message('tool', [say('done')], { toolCallId: 'b', name: 'patch' }),
      message('assistant', [say('No.')]),
    ],
  )
})

test('the text of a thought outranks its summary, and what is encrypted says nothing', () => {
  const thought = (more: Json): unknown =>
    messages({ type: 'reasoning', id: 'rs_1', summary: [], ...more }, { role: 'assistant', content: 'x' })[0]?.content
  const summary = [{ text: 'one' }, { text: 'two' }]
  assert.deepEqual(thought({ summary, content: [{ type: 'reasoning_text', text: 'all' }] }), [
    { type: 'thinking', text: 'all' },
    say('x'),
  ])
  assert.deepEqual(thought({ summary }), [{ type: 'thinking', text: 'one\n\ntwo' }, say('x')])
  assert.deepEqual(thought({ encrypted_content: 'gAAAA' }), [say('x')])
})

test('whatever an assistant says in a row is written in items and read again in the same order', () => {
  const content = fc.array(
    fc.record({ type: fc.constantFrom('text', 'thinking'), text: fc.string({ minLength: 1 }) }),
    {
      minLength: 1,
    },
  )
  fc.assert(
    fc.property(content, (said) => {
      const prompt = {
        ...read({}),
        messages: [message('user', [say('hi')]), message('assistant', said)],
      }
      const again = readPrompt(writePrompt(prompt)).messages[1]!.content
      assert.deepEqual(joined(again), joined(said))
    }),
  )
})

/** Neighbours of one kind as one. */
function joined(content: Message['content']): unknown[] {
  const out: { type: string; text: string }[] = []
  for (const one of content as readonly { type: string; text: string }[]) {
    const last = out.at(-1)
    if (last?.type === one.type) last.text += one.text
    else out.push({ ...one })
  }
  return out
}

test('a tool that takes free text is offered as a function of one string, with its grammar for the model to read', () => {
  const { tools } = read({
    tools: [
      {
        type: 'custom',
        name: 'patch',
        description: 'Mends.',
        format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
      },
      { type: 'custom', name: 'note', format: { type: 'text' } },
    ],
  })
  assert.deepEqual(
    tools.map(({ name, description }) => [name, description]),
    [
      ['patch', 'Mends.\n\nThe input must match this lark grammar:\nstart: "x"'],
      ['note', undefined],
    ],
  )
  assert.deepEqual(tools[0]?.parameters?.['required'], ['input'])
})

test('tools that only OpenAI can run are left out, and so is the word of how to choose among none', () => {
  const hosted = [{ type: 'web_search' }, { type: 'local_shell' }, { type: 'namespace', name: 'x', tools: [] }]
  const { tools, toolChoice } = read({ tools: [...hosted, { type: 'function', name: 'f' }], tool_choice: 'auto' })
  assert.deepEqual([tools.map(({ name }) => name), toolChoice], [['f'], { type: 'auto' }])
  assert.equal(read({ tools: hosted, tool_choice: 'auto' }).toolChoice, undefined)
  assert.throws(() => read({ tools: hosted, tool_choice: 'required' }), { kind: 'bad-request', message: /tool_choice/ })
  assert.throws(() => read({ tools: hosted, tool_choice: { type: 'web_search' } }), { kind: 'bad-request' })
})

test('of the tools only the allowed ones are offered', () => {
  const tools = ['f', 'g', 'h'].map((name) => ({ type: 'function', name }))
  const allowed = (mode: string, ...names: string[]): Prompt =>
    read({
      tools,
      tool_choice: { type: 'allowed_tools', mode, tools: names.map((name) => ({ type: 'function', name })) },
    })
  assert.deepEqual(
    allowed('required', 'h', 'f').tools.map(({ name }) => name),
    ['f', 'h'],
  )
  assert.deepEqual(allowed('required', 'f').toolChoice, { type: 'required' })
  assert.deepEqual(allowed('auto', 'f').toolChoice, { type: 'auto' })
  assert.throws(() => allowed('required', 'x'), { kind: 'bad-request' })
})

test('a choice of one tool is read, of a function and of one that takes free text', () => {
  for (const type of ['function', 'custom'])
    assert.deepEqual(read({ tool_choice: { type, name: 'f' } }).toolChoice, { type: 'tool', name: 'f' })
})

test('what does not change the answer is dropped', () => {
  const plain = read({})
  const said = read({
    truncation: 'auto',
    store: true,
    metadata: { a: 'b' },
    service_tier: 'flex',
    stream_options: { include_obfuscation: false },
    max_tool_calls: 3,
    include: ['reasoning.encrypted_content'],
    text: { verbosity: 'low', format: { type: 'text' } },
    reasoning: { summary: 'auto' },
    client_metadata: {},
    previous_response_id: null,
  })
  assert.deepEqual(said, plain)
})

test('whoever asks is known by either name', () => {
  assert.equal(read({ user: 'u', safety_identifier: 's' }).user, 'u')
  assert.equal(read({ safety_identifier: 's' }).user, 's')
})

test('probabilities are wished for by including them, with as many alternatives as are said', () => {
  const include = ['message.output_text.logprobs']
  assert.deepEqual(
    [read({ include }).logprobs, read({ include, top_logprobs: 4 }).logprobs, read({ top_logprobs: 4 }).logprobs],
    [0, 4, undefined],
  )
})

test('what only a server with a memory can answer is refused by the name of the field', () => {
  const leaning: readonly (readonly [Json, RegExp])[] = [
    [{ previous_response_id: 'resp_1' }, /previous_response_id/],
    [{ conversation: 'conv_1' }, /conversation/],
    [{ conversation: { id: 'conv_1' } }, /conversation/],
    [{ prompt: { id: 'pmpt_1' } }, /prompt/],
    [{ background: true }, /background/],
    [{ input: [{ type: 'item_reference', id: 'msg_1' }] }, /item_reference.*store/],
  ]
  for (const [more, field] of leaning) assert.throws(() => read(more), { kind: 'bad-request', message: field })
})

test('what another dialect cannot say is refused and never dropped', () => {
  const unsayable: Json[] = [
    { max_output_tokens: 0 },
    { text: { format: { type: 'grammar' } } },
    { reasoning: { effort: 'silly' } },
    { tool_choice: 'sometimes' },
    { input: [{ role: 'tool', content: 'x' }] },
    { input: [{ type: 'compaction', encrypted_content: 'x' }] },
    { input: [{ type: 'local_shell_call', call_id: 'a' }] },
    { input: [{ role: 'user', content: [{ type: 'input_image', file_id: 'file_1' }] }] },
    { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'file:///etc/passwd' }] }] },
    { input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'file_1' }] }] },
    { input: [{ role: 'user', content: [{ type: 'hologram' }] }] },
    { input: [{ type: 'function_call', name: 'f', arguments: '{}' }] },
  ]
  for (const more of unsayable) assert.throws(() => read(more), { kind: 'bad-request' }, JSON.stringify(more))
})

test('the traces of a search that OpenAI made itself are passed over', () => {
  assert.deepEqual(messages({ type: 'web_search_call', id: 'ws_1' }, { role: 'user', content: 'hi' }), [
    message('user', [say('hi')]),
  ])
})
