/** Claude Code 2.1: how it finds its models, what it says in each turn, and what it does when something is too long. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recital } from '../../src/sim/recital.ts'
import { begin, eventsIn, json, type Loose, send } from './replica.ts'
import { endless, model, stage, type StageOptions, stops } from './rig.ts'
import { allKinds, type Kind } from './witness.ts'

const beta = 'claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,effort-2025-11-24'

const headers = {
  authorization: 'Bearer sesame',
  'anthropic-version': '2023-06-01',
  'anthropic-beta': beta,
  'anthropic-dangerous-direct-browser-access': 'true',
  'user-agent': 'claude-cli/2.1.128 (external, cli)',
  'x-app': 'cli',
  'x-claude-code-session-id': '7f0c3a5e-0000-4000-8000-000000000001',
  'x-client-request-id': '7f0c3a5e-0000-4000-8000-000000000002',
  'x-stainless-lang': 'js',
  'x-stainless-retry-count': '0',
  'x-stainless-timeout': '600',
}

/** The models that it asks for by itself. All of them are the same local one here. */
const sonnet = 'claude-sonnet-4-5-20250929'
const haiku = 'claude-haiku-4-5-20251001'

const house = (contextTokens = 200_000): StageOptions => ({
  server: { models: [{ name: model, contextTokens }] },
  upstream: { models: { serve: { 'claude-local-llama': model, 'claude-*': model } } },
  config: { callers: [{ name: 'me', key: 'sesame' }] },
})

const ephemeral = { type: 'ephemeral' }

/** It changes with every request, and stands in front of everything. */
const billing = (cch: string): Loose => ({
  type: 'text',
  text: `x-anthropic-billing-header: cc_version=2.1.128.${cch}; cc_entrypoint=cli; cch=${cch};`,
})

const system = [
  { type: 'text', text: "You are Claude Code, Anthropic's official CLI for Claude.", cache_control: ephemeral },
  {
    type: 'text',
    text: 'You are an interactive agent that helps users with software engineering tasks.',
    cache_control: ephemeral,
  },
]

const tools = [
  {
    name: 'Bash',
    description: 'Executes a given bash command.',
    input_schema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: {
        command: { type: 'string', description: 'The command to execute' },
        timeout: { type: 'number', description: 'Optional timeout in milliseconds' },
      },
      required: ['command'],
      additionalProperties: false,
    },
  },
  {
    name: 'TodoWrite',
    description: 'Manages a list of tasks.',
    input_schema: {
      type: 'object',
      properties: {
        todos: {
          type: 'array',
          items: {
            type: 'object',
            properties: { content: { type: 'string', minLength: 1 }, status: { enum: ['pending', 'done'] } },
          },
        },
      },
      required: ['todos'],
      additionalProperties: false,
    },
    cache_control: ephemeral,
  },
]

const user = (text: string): Loose => ({
  role: 'user',
  content: [
    { type: 'text', text: '<system-reminder>\nToday is 2026-11-21.\n</system-reminder>\n' },
    { type: 'text', text, cache_control: ephemeral },
  ],
})

/** Nudges in the middle of a conversation. */
const nudge: Loose = { role: 'system', content: '<total_tokens>187000 tokens left</total_tokens>' }

const turn = (messages: readonly Loose[], fields: object = {}, cch = 'a1b2c'): Loose => ({
  model: sonnet,
  max_tokens: 32_000,
  system: [billing(cch), ...system],
  messages,
  metadata: { user_id: 'user_0_account__session_7f0c3a5e' },
  stream: true,
  ...fields,
})

const path = '/v1/messages?beta=true'

interface Heard {
  readonly message: Loose
  readonly text: string
  readonly thinking: string
  readonly calls: readonly { readonly id: string; readonly name: string; readonly input: Loose }[]
  readonly stopReason: string
  readonly usage: Loose
}

/** Reads as the client does: by the names of the events, one block at a time, and what has no end was not said. */
function read(text: string): Heard {
  const blocks: Loose[] = []
  let message: Loose
  let last: Loose
  let open: number | undefined
  let stopped = false
  for (const { event, data } of eventsIn(text)) {
    assert.equal(event, data.type)
    assert.ok(!stopped, 'nothing comes behind the end')
    switch (event) {
      case 'message_start':
        message = data.message
        break
      case 'content_block_start':
        assert.equal(open, undefined, 'one block at a time')
        assert.equal(data.index, blocks.length)
        open = data.index
        blocks.push({ ...data.content_block, json: '' })
        break
      case 'content_block_delta': {
        assert.equal(data.index, open)
        const block = blocks[open!]
        const { delta } = data
        if (delta.type === 'text_delta') block.text += delta.text
        if (delta.type === 'thinking_delta') block.thinking += delta.thinking
        if (delta.type === 'signature_delta') block.signature = delta.signature
        if (delta.type === 'input_json_delta') block.json += delta.partial_json
        break
      }
      case 'content_block_stop':
        assert.equal(data.index, open)
        open = undefined
        break
      case 'message_delta':
        last = data
        break
      case 'message_stop':
        stopped = true
        break
      case 'error':
        throw new Error(data.error.message, { cause: data.error })
      default:
        assert.equal(event, 'ping')
    }
  }
  if (!stopped) throw new Error('The stream ended without message_stop.')
  const of = (type: string): Loose[] => blocks.filter((block) => block.type === type)
  return {
    message,
    text: of('text')
      .map(({ text: said }) => said)
      .join(''),
    thinking: of('thinking')
      .map(({ thinking }) => thinking)
      .join(''),
    calls: of('tool_use').map(({ id, name, json: input }) => ({
      id,
      name,
      input: input === '' ? {} : JSON.parse(input),
    })),
    stopReason: last.delta.stop_reason,
    usage: { ...message.usage, ...last.usage },
  }
}

async function ask(url: string, body: Loose): Promise<Heard> {
  const { status, headers: told, text } = await send(url, path, { headers, body })
  assert.equal(status, 200, text)
  assert.match(told.get('content-type') ?? '', /^text\/event-stream/)
  assert.notEqual(told.get('request-id'), null)
  return read(text)
}

const asked = 'Say 12 words.'

for (const kind of allKinds) {
  const isOwn = kind === 'anthropic'

  test(`Claude Code before ${kind} finds the house and its models`, async (t) => {
    const { url } = await stage(t, kind, house())
    assert.equal((await send(url, '/api/hello', { method: 'HEAD' })).status, 200)
    const list = await json(url, '/v1/models?limit=1000', { headers })
    assert.equal(list.has_more, false)
    assert.deepEqual([list.first_id, list.last_id], [list.data[0].id, list.data.at(-1).id])
    const ids = list.data.map(({ type, id, display_name: name, created_at: created }: Loose) => {
      assert.ok(type === 'model' && typeof name === 'string' && !Number.isNaN(Date.parse(created)))
      return id
    })
    // Others it leaves out; and each one it lists may be asked.
    assert.deepEqual(
      ids.filter((id: string) => id.startsWith('claude')),
      ids,
    )
    assert.ok(ids.includes('claude-local-llama'))
    for (const id of ids) assert.notEqual((await ask(url, turn([user(asked)], { model: id }))).text, '')
  })

  test(`Claude Code before ${kind} talks, under the name that it gave the model`, async (t) => {
    const { url, server } = await stage(t, kind, house())
    const { message, text, stopReason, usage } = await ask(url, turn([user(asked)], { tools: [] }))
    assert.deepEqual([message.type, message.role, message.model, message.content], ['message', 'assistant', sonnet, []])
    assert.deepEqual([text.split(' ').length - 1, stopReason, usage.output_tokens], [12, 'end_turn', 12])
    assert.ok(usage.input_tokens > 0)
    const { model: named } = server.heard[0] as Loose
    assert.equal(named, model)
    const title = await json(url, path, {
      headers,
      body: turn([{ role: 'user', content: asked }], { model: haiku, max_tokens: 512, stream: false, temperature: 1 }),
    })
    assert.deepEqual([title.model, title.content[0].text, title.stop_reason], [haiku, recital(asked), 'end_turn'])
  })

  test(`Claude Code before ${kind} has a tool called and goes on with what came of it`, async (t) => {
    const { url, server } = await stage(t, kind, house())
    const messages = [user('Say 12 words of what is in this folder.')]
    const first = await ask(url, turn(messages, { tools }))
    assert.equal(first.stopReason, 'tool_use')
    assert.deepEqual(
      first.calls.map(({ name }) => name),
      ['Bash'],
    )
    const [{ id, input }] = first.calls as [Heard['calls'][number]]
    assert.equal(typeof input.command, 'string')
    messages.push({ role: 'assistant', content: [{ type: 'tool_use', id, name: 'Bash', input }] })
    const result = {
      type: 'tool_result',
      tool_use_id: id,
      content: 'no such file',
      is_error: true,
      cache_control: ephemeral,
    }
    messages.push({ role: 'user', content: [result] })
    const second = await ask(url, turn(messages, { tools }, 'd4e5f'))
    assert.equal(second.stopReason, 'end_turn')
    assert.notEqual(second.text, '')
    assert.match(JSON.stringify(server.heard[1]), /no such file/)
  })

  test(`Claude Code before ${kind} does not spoil what the server remembers of a conversation`, async (t) => {
    const { url, server } = await stage(t, kind, house())
    const messages = [user('Say 12 words.'), nudge]
    const { text } = await ask(url, turn(messages, {}, 'a1b2c'))
    messages.push({ role: 'assistant', content: [{ type: 'text', text }] }, user('Say 9 words.'), nudge)
    await ask(url, turn(messages, {}, 'd4e5f'))
    const [before, after] = server.heard as [Loose, Loose]
    if (isOwn) {
      // What is Anthropic's own is Anthropic's business.
      assert.deepEqual(after.system, [billing('d4e5f'), ...system])
      assert.deepEqual(after.messages, messages)
    } else {
      assert.doesNotMatch(JSON.stringify(server.heard), /billing-header/)
      assert.deepEqual(
        after.messages.slice(0, before.messages.length),
        before.messages,
        'the second begins as the first',
      )
      const roles = after.messages.map(({ role }: Loose) => role)
      assert.ok(roles.lastIndexOf('system') <= 0, `a system message in the middle breaks templates: ${roles.join()}`)
      assert.equal(JSON.stringify(after).match(/tokens left/g)?.length, 2)
    }
  })

  test(`Claude Code before ${kind} counts tokens, and never too few`, async (t) => {
    const { url } = await stage(t, kind, house())
    const {
      max_tokens: _,
      stream: __,
      ...body
    } = turn([user(`${asked} ${'And mind the code. '.repeat(50)}`)], { tools })
    const { input_tokens: counted } = await json(url, '/v1/messages/count_tokens?beta=true', { headers, body })
    const { usage } = await ask(url, { ...body, max_tokens: 100, stream: true })
    const prompt = usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0)
    assert.ok(counted >= prompt, `counted ${counted}, read ${prompt}`)
  })

  test(`Claude Code before ${kind} hears in its own words that a prompt is too long`, async (t) => {
    const { url, server } = await stage(t, kind, house(2_000))
    const { status, text } = await send(url, path, { headers, body: turn([user('word '.repeat(6_000))]) })
    assert.equal(status, 400)
    const { type, error, request_id: id } = JSON.parse(text)
    assert.deepEqual([type, error.type, typeof id], ['error', 'invalid_request_error', 'string'])
    const [, tokens, most] = /^prompt is too long: (\d+) tokens > (\d+) maximum/.exec(error.message) ?? []
    assert.ok(Number(tokens) > 2_000 && Number(most) === 2_000, error.message)
    assert.equal(server.ledger.whole, 0)
  })

  test(`Claude Code before ${kind} is answered although it allows more than the model holds, or told how much`, async (t) => {
    const { url } = await stage(t, kind, house(8_000))
    const body = turn([user(asked)])
    const { status, text } = await send(url, path, { headers, body })
    if (status === 200) return assert.equal(read(text).stopReason, 'end_turn')
    assert.equal(status, 400, text)
    const words = /input length and `max_tokens` exceed context limit: (\d+) \+ (\d+) > (\d+)/.exec(
      JSON.parse(text).error.message,
    )
    assert.ok(words !== null, text)
    const [, input, , most] = words.map(Number)
    assert.equal((await ask(url, { ...body, max_tokens: most! - input! - 1_000 })).stopReason, 'end_turn')
  })

  test(`Claude Code before ${kind} raises a broken answer as an error, never as an end`, async (t) => {
    const { url, server } = await stage(t, kind, house())
    for (const by of ['reset', 'error', 'cut'] as const) {
      server.mischief = { after: 9, by }
      const { text } = await send(url, path, { headers, body: turn([user('Say 30 words.')]) })
      assert.throws(
        () => read(text),
        ({ cause }: Error) => (cause as Loose).type === 'api_error',
        by,
      )
      assert.doesNotMatch(text, /message_stop|"stop_reason":"/)
    }
  })

  test(`Claude Code before ${kind} going away frees the server`, async (t) => {
    const { url, server } = await stage(t, kind, house())
    const leaving = new AbortController()
    const response = await begin(url, path, { headers, body: turn([user(endless)]), signal: leaving.signal })
    await response.body!.getReader().read()
    leaving.abort()
    await stops(server)
    assert.equal(server.ledger.aborted, 1)
  })
}

test("Claude Code's version and betas reach Anthropic as they are, with the key of the house", async (t) => {
  const { server, url } = await stage(t, 'anthropic', { ...house(), upstream: { api_key: 'sk-ant-house' } })
  const body = turn([user(asked)], { model, thinking: { type: 'adaptive' }, context_management: { edits: [] }, tools })
  await ask(url, { ...body, tools: [] })
  const [request] = server.requests
  const told = new Map(request!.headers.map(([name, value]) => [name.toLowerCase(), value]))
  assert.deepEqual([told.get('anthropic-version'), told.get('anthropic-beta')], ['2023-06-01', beta])
  assert.equal(told.get('x-api-key') ?? told.get('authorization')?.replace('Bearer ', ''), 'sk-ant-house')
  assert.doesNotMatch(JSON.stringify(request!.headers), /sesame/)
  assert.deepEqual(server.heard[0], { ...body, tools: [] })
})

const thinking: readonly Kind[] = allKinds

for (const kind of thinking) {
  test(`Claude Code before ${kind} hears a model think, apart from what it says`, async (t) => {
    const { server, ...rest } = house()
    const { url } = await stage(t, kind, { ...rest, server: { models: [{ ...server!.models![0]!, thinks: true }] } })
    const body = turn([{ role: 'user', content: asked }], { thinking: { type: 'enabled', budget_tokens: 10_000 } })
    const { text, thinking: thought, stopReason } = await ask(url, body)
    assert.deepEqual([text, stopReason], [recital(asked), 'end_turn'])
    assert.match(thought, /^hm/)
  })
}
