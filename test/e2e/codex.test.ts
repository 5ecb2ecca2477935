/** Codex: `/v1/responses` and nothing else, the whole history with every turn, and only whole items count. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recital } from '../../src/sim/recital.ts'
import { begin, eventsIn, json, type Loose, send } from './replica.ts'
import { endless, model, stage, type StageOptions, stops, until } from './rig.ts'
import { allKinds } from './witness.ts'

/** Both spellings: older ones write underscores. */
const headers = {
  authorization: 'Bearer sesame',
  accept: 'text/event-stream',
  originator: 'codex_cli_rs',
  'user-agent': 'codex_cli_rs/0.130.0 (Linux; x86_64)',
  'session-id': '0199-aa',
  'thread-id': '0199-aa',
  session_id: '0199-aa',
  conversation_id: '0199-aa',
  'x-client-request-id': '0199-bb',
  'x-codex-turn-metadata': JSON.stringify({
    turn_id: 't1',
    sandbox: 'none',
    workspaces: { '/srv/code': { git: 'x'.repeat(700) } },
  }),
}

const house = (contextTokens = 200_000): StageOptions => ({
  server: { models: [{ name: model, contextTokens }] },
  config: { callers: [{ name: 'me', key: 'sesame' }] },
})

const shell = {
  type: 'function',
  name: 'exec_command',
  description: 'Runs a command in a PTY, returning output or a session ID for ongoing interaction.',
  strict: false,
  parameters: {
    type: 'object',
    properties: { cmd: { type: 'string', description: 'Shell command to execute.' }, workdir: { type: 'string' } },
    required: ['cmd'],
    additionalProperties: false,
  },
}

const patch = {
  type: 'custom',
  name: 'apply_patch',
  description: 'Use the `apply_patch` tool to edit files. This is a FREEFORM tool, so do not wrap the patch in JSON.',
  format: { type: 'grammar', syntax: 'lark', definition: 'start: begin_patch hunk+ end_patch' },
}

/** What only OpenAI itself can run. */
const elsewhere = [
  { type: 'web_search', external_web_access: true },
  { type: 'namespace', name: 'mcp__docs', description: 'Tools of a server.', tools: [{ ...shell, name: 'lookup' }] },
]

const message = (role: string, text: string): Loose => ({
  type: 'message',
  role,
  content: [{ type: 'input_text', text }],
})

const opening = [
  message('developer', '<permissions instructions>Filesystem sandboxing: none.</permissions instructions>'),
  message('user', '<environment_context>\n  <cwd>/srv/code</cwd>\n</environment_context>'),
]

const turn = (input: readonly Loose[], fields: object = {}): Loose => ({
  model,
  instructions: 'You are Codex, a coding agent.',
  input: [...opening, ...input],
  tools: [],
  tool_choice: 'auto',
  parallel_tool_calls: true,
  reasoning: { effort: 'medium', summary: 'auto' },
  store: false,
  stream: true,
  include: ['reasoning.encrypted_content'],
  prompt_cache_key: '0199-aa',
  text: { verbosity: 'medium' },
  client_metadata: { 'x-codex-installation-id': '0199-cc' },
  ...fields,
})

interface Heard {
  readonly items: readonly Loose[]
  readonly deltas: string
  readonly usage: Loose
}

/** Deltas are for the eye; items count when they are done; and without the last event nothing was said. */
function read(text: string): Heard {
  const items: Loose[] = []
  let deltas = ''
  let created = false
  for (const { event, data } of eventsIn(text)) {
    assert.equal(event, data.type)
    switch (event) {
      case 'response.created':
        created = true
        break
      case 'response.output_text.delta':
        deltas += data.delta
        break
      case 'response.output_item.done':
        items.push(data.item)
        break
      case 'response.failed':
        throw new Error(data.response.error.message, { cause: data.response.error.code })
      case 'response.incomplete':
        throw new Error(`Incomplete response returned, reason: ${data.response.incomplete_details.reason}`)
      case 'response.completed':
        assert.ok(created)
        return { items, deltas, usage: data.response.usage }
      default:
    }
  }
  throw new Error('stream closed before response.completed')
}

async function ask(url: string, body: Loose): Promise<Heard> {
  const { status, headers: told, text } = await send(url, '/v1/responses', { headers, body })
  assert.equal(status, 200, text)
  assert.match(told.get('content-type') ?? '', /^text\/event-stream/)
  return read(text)
}

const textIn = (items: readonly Loose[]): string =>
  items
    .filter(({ type }) => type === 'message')
    .flatMap(({ content }) => content)
    .map(({ text }) => text)
    .join('')

const asked = 'Say 12 words.'

/** What exactly it is asked depends on the server: some take what the user says in two messages for one. */
function assertSaid(items: readonly Loose[]): void {
  const words = textIn(items).match(/\S+ /g) ?? []
  assert.deepEqual(
    words.map((word) => /\d+ $/.exec(word)?.[0]),
    Array.from({ length: 12 }, (_, index) => `${index} `),
  )
}

for (const kind of allKinds) {
  test(`Codex before ${kind} hears whole items, the counts, and an end`, async (t) => {
    const { url } = await stage(t, kind, house())
    assert.ok((await json(url, '/v1/models', { headers })).data.some(({ id }: Loose) => id === model))
    const { items, deltas, usage } = await ask(url, turn([message('user', asked)]))
    assertSaid(items)
    assert.equal(deltas, textIn(items))
    assert.equal(usage.output_tokens, 12)
    assert.equal(usage.total_tokens, usage.input_tokens + usage.output_tokens)
    assert.ok(usage.input_tokens > 12 && usage.input_tokens_details.cached_tokens >= 0)
  })

  test(`Codex before ${kind} has a command run, and sends the whole history along with what came of it`, async (t) => {
    const { url, server } = await stage(t, kind, house())
    const input = [message('user', asked)]
    const tools = [shell, ...elsewhere]
    const { items } = await ask(url, turn(input, { tools }))
    const call = items.find(({ type }) => type === 'function_call')
    assert.equal(call.name, 'exec_command')
    assert.equal(typeof JSON.parse(call.arguments).cmd, 'string')
    const output = { type: 'function_call_output', call_id: call.call_id, output: 'Exit code: 0\nOutput:\ntotal 0' }
    const after = await ask(url, turn([...input, ...items, output], { tools }))
    assertSaid(after.items)
    assert.match(JSON.stringify(server.heard[1]), /total 0/)
  })

  test(`Codex before ${kind} gets its patch as free text, and not as JSON`, async (t) => {
    const { url } = await stage(t, kind, house())
    const input = [message('user', asked)]
    const { items } = await ask(url, turn(input, { tools: [patch] }))
    const call = items.find(({ type }) => type === 'custom_tool_call')
    assert.equal(call.name, 'apply_patch')
    assert.ok(call.input !== '' && !call.input.startsWith('{'), call.input)
    const output = { type: 'custom_tool_call_output', call_id: call.call_id, output: 'Success.' }
    const after = await ask(url, turn([...input, ...items, output], { tools: [patch] }))
    assertSaid(after.items)
  })

  test(`Codex before ${kind} hears the model's thoughts as a summary, and may send them back`, async (t) => {
    const { url } = await stage(t, kind, {
      ...house(),
      server: { models: [{ name: model, contextTokens: 200_000, thinks: true }] },
    })
    const input = [message('user', asked)]
    const { items } = await ask(url, turn(input))
    const thought = items.find(({ type }) => type === 'reasoning')
    assert.match(thought.summary.map(({ text }: Loose) => text).join(''), /^hm/)
    const next = 'Say 9 words.'
    const after = await ask(url, turn([...input, ...items, message('user', next)]))
    assert.equal(textIn(after.items), recital(next))
  })

  test(`Codex before ${kind} knows by a code that a history is too long`, async (t) => {
    const { url, server } = await stage(t, kind, house(2_000))
    // As a status it would be no reason to shorten the history, but the end of the turn.
    const asking = ask(url, turn([message('user', 'word '.repeat(6_000))]))
    await assert.rejects(asking, { cause: 'context_length_exceeded' })
    assert.equal(server.ledger.whole, 0)
  })

  test(`Codex before ${kind} takes no broken answer for a whole one`, async (t) => {
    const { url, server } = await stage(t, kind, house())
    for (const by of ['reset', 'error', 'cut'] as const) {
      server.mischief = { after: 9, by }
      const { text } = await send(url, '/v1/responses', { headers, body: turn([message('user', 'Say 30 words.')]) })
      assert.throws(() => read(text), { cause: 'server_error' }, by)
      assert.doesNotMatch(text, /"status":"completed"/)
    }
  })

  test(`Codex before ${kind} going away frees the server`, async (t) => {
    const { url, server } = await stage(t, kind, house())
    const leaving = new AbortController()
    const response = await begin(url, '/v1/responses', {
      headers,
      body: turn([message('user', endless)]),
      signal: leaving.signal,
    })
    await response.body!.getReader().read()
    leaving.abort()
    await stops(server)
    assert.equal(server.ledger.aborted, 1)
  })
}

test('Codex is told how long to wait when the house is full, where it looks for it', async (t) => {
  const options = { ...house(), upstream: { concurrency: 1 }, config: { ...house().config, queue: { max: 0 } } }
  const { url, server } = await stage(t, 'vllm', options)
  const leaving = new AbortController()
  const body = turn([message('user', endless)])
  const inside = await begin(url, '/v1/responses', { headers, body, signal: leaving.signal })
  await until(() => server.ledger.open === 1, 2_000, 'it speaks')
  const asking = ask(url, turn([message('user', asked)]))
  await assert.rejects(asking, { cause: 'rate_limit_exceeded', message: /try again in \d+(?:\.\d+)?s/ })
  leaving.abort()
  await inside.text().catch(() => '')
  await stops(server)
})

test('Codex is refused by status what no waiting and no shortening would mend', async (t) => {
  const { url } = await stage(t, 'vllm', house())
  const body = turn([message('user', asked)], { model: 'nobody' })
  assert.equal((await send(url, '/v1/responses', { headers, body })).status, 404)
  const stranger = { ...headers, authorization: 'Bearer guess' }
  assert.equal((await send(url, '/v1/responses', { headers: stranger, body })).status, 401)
})
