/** Shell-GPT: always a stream, a function at a time, and of a call it knows only what its finish reason says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recital } from '../../src/sim/recital.ts'
import { eventsIn, type Loose, send } from './replica.ts'
import { model, stage } from './rig.ts'
import { allKinds } from './witness.ts'

const headers = {
  authorization: 'Bearer none',
  accept: 'application/json',
  'user-agent': 'OpenAI/Python 2.8.0',
  'x-stainless-lang': 'python',
  'x-stainless-retry-count': '0',
}

const tools = [
  {
    type: 'function',
    function: {
      name: 'execute_shell_command',
      description: 'Executes a shell command and returns the output.',
      parameters: {
        type: 'object',
        properties: { shell_command: { type: 'string', example: 'ls -la', description: 'Shell command to execute.' } },
        required: ['shell_command'],
      },
    },
  },
]

interface Turn {
  text: string
  call: { id: string; name: string; arguments: string } | undefined
}

/** Reads as it does: each choice has a delta, the arguments of all deltas are one text, and only the reason makes a call of them. */
async function turn(url: string, messages: readonly object[]): Promise<Turn> {
  const body = {
    model,
    messages,
    temperature: 0,
    top_p: 1,
    stream: true,
    tools,
    tool_choice: 'auto',
    parallel_tool_calls: false,
  }
  const { status, headers: told, text } = await send(url, '/v1/chat/completions', { headers, body })
  assert.equal(status, 200, text)
  assert.match(told.get('content-type') ?? '', /^text\/event-stream/)
  const read: Turn = { text: '', call: undefined }
  const call = { id: '', name: '', arguments: '' }
  for (const { data } of eventsIn(text)) {
    if (data === undefined) break
    const [{ delta, finish_reason: reason }] = data.choices
    for (const { id, function: fn } of delta.tool_calls ?? []) {
      if (id) call.id = id
      if (fn.name) call.name = fn.name
      if (fn.arguments) call.arguments += fn.arguments
    }
    if (reason === 'tool_calls') return { ...read, call }
    read.text += delta.content ?? ''
  }
  return read
}

for (const kind of allKinds) {
  test(`Shell-GPT in front of ${kind} calls its function, hands in what came of it, and prints the answer`, async (t) => {
    const { url } = await stage(t, kind)
    const asked = 'Say 12 words.'
    const messages: Loose[] = [
      { role: 'system', content: 'You are ShellGPT.' },
      { role: 'user', content: asked },
    ]
    const { call } = await turn(url, messages)
    assert.equal(call?.name, 'execute_shell_command')
    assert.deepEqual(Object.keys(JSON.parse(call.arguments) as object), ['shell_command'])
    const called = [{ id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } }]
    messages.push({ role: 'assistant', content: '', tool_calls: called })
    messages.push({ role: 'tool', content: 'total 0', tool_call_id: call.id, name: call.name })
    assert.deepEqual(await turn(url, messages), { text: recital(asked), call: undefined })
  })
}

test('Shell-GPT is called once by a server that knows no other way than to call twice', async (t) => {
  const { url, server } = await stage(t, 'ollama')
  const head = { model, created_at: '2026-11-21T00:00:00Z' }
  const calls = ['ls', 'pwd'].map((command, index) => ({
    id: `call_${index}`,
    function: { index, name: 'execute_shell_command', arguments: { shell_command: command } },
  }))
  const called = { ...head, message: { role: 'assistant', content: '', tool_calls: calls }, done: false }
  const ended = { ...head, message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop', eval_count: 9 }
  server.says = [called, ended].map((line) => `${JSON.stringify(line)}\n`).join('')
  const { call } = await turn(url, [{ role: 'user', content: 'What is here?' }])
  assert.deepEqual(JSON.parse(call!.arguments), { shell_command: 'ls' })
})
