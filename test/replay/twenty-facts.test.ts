import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { backendOf } from '../../src/backends/index.ts'
import type { Json } from '../../src/core/json.ts'
import { dialects } from '../../src/dialects/index.ts'
import { realWorld } from '../../src/http/world.ts'
import { type Fixture, fixture } from '../conformance/fixtures.ts'
import { chunk, desk, emptyCall, events, inside, piece, said, toolsOf } from './desk.ts'
import { type Heard, listeners } from './listeners/index.ts'
import { openAiEmbeddingsBase64 } from './listeners/vectors.ts'
import { type Request, startReplay } from './server.ts'

/** What trips everybody who builds such a thing, fact by fact, as the gateway's callers and servers meet it. */

const question = [{ role: 'user', content: 'Say something.' }] as const
const chat = { model: 'm', messages: question }
const messages = { model: 'm', max_tokens: 100, messages: question }
const heard = (id: string, text: string): Heard => listeners[id]!.hearStream(text)
const fox = 'The quick brown fox jumps over the lazy dog. Grüße aus 東京 🦊!'
const calls = [
  ['get_weather', { city: 'Paris' }],
  ['get_time', { zone: 'CET' }],
]

suite('What trips everybody:', () => {
  test('Ollama streams unless told not to, in lines of which none may be empty', async (t) => {
    for (const dialect of dialects) {
      if (dialect.form !== 'talk') continue
      const { id } = dialect
      const { stream: _, ...asked } = listeners[id]!.ask({
        model: 'm',
        stream: false,
        task: 'chat',
        tools: false,
      }) as Json
      assert.equal(dialect.glance(asked).stream, id.startsWith('ollama-'), id)
    }
    const recorded = fixture('ollama/chat-stream')
    const gappy = recorded.chunks.map((bytes, at) => Buffer.concat([Buffer.from(at % 2 === 0 ? '\n' : '\r\n'), bytes]))
    const own = await desk(t, { kind: 'ollama', says: { ...recorded, chunks: gappy } })
    const other = await desk(t, { kind: 'llamacpp', says: fixture('llamacpp/chat-slow-prefill-stream') })
    for (const { client } of [own, other]) {
      const { headers, body } = await client.post('/api/chat', chat)
      assert.equal(headers['content-type'], 'application/x-ndjson')
      assert.ok(heard('ollama-chat', body.toString()).isWhole)
    }
  })

  test('the arguments of a tool are an object here, a text there, and no text at all where there are none', async (t) => {
    const called = { id: 'call_1', type: 'function', function: { name: 'now', arguments: '' } }
    const conversation = [
      ...question,
      { role: 'assistant', content: null, tool_calls: [called] },
      { role: 'tool', tool_call_id: 'call_1', content: 'noon' },
    ]
    const toOllama = await desk(t, { kind: 'ollama', says: fixture('ollama/chat-stream') })
    await toOllama.client.post('/v1/chat/completions', { ...chat, messages: conversation })
    const [asked] = toOllama.heard
    assert.deepEqual(inside(asked!.json, 'messages', 1, 'tool_calls', 0, 'function', 'arguments'), {})
    const toAnthropic = await desk(t, { kind: 'anthropic', says: emptyCall })
    await toAnthropic.client.post('/v1/chat/completions', { ...chat, messages: conversation })
    for (const id of ['openai-chat', 'openai-responses', 'anthropic-messages', 'ollama-chat']) {
      const { path, ask, hearStream } = listeners[id]!
      const { body } = await toAnthropic.client.post(path, ask({ model: 'm', stream: true, task: 'chat', tools: true }))
      const { calls: made } = hearStream(body.toString())
      assert.deepEqual(made, [['now', {}]], id)
    }
  })

  test('reasons to finish lie about tools, and are derived from the calls that were seen', async (t) => {
    const ollama = await desk(t, { kind: 'ollama', says: fixture('ollama/chat-tools-native-two-calls-stream') })
    const forced = await desk(t, {
      kind: 'vllm',
      says: events(
        chunk({ role: 'assistant', tool_calls: [piece(0, 'a', 'get_weather', '{"city":"Paris"}')] }),
        chunk({ tool_calls: [piece(1, 'b', 'get_time', '{"zone":"CET"}')] }),
        chunk({}, 'stop'),
      ),
    })
    const claimed = await desk(t, { kind: 'vllm', says: events(chunk({ content: 'No.' }), chunk({}, 'tool_calls')) })
    for (const { client } of [ollama, forced]) {
      const { body } = await client.post('/v1/messages', {
        ...messages,
        stream: true,
        tools: toolsOf('anthropic-messages'),
      })
      const { reason, calls: made } = heard('anthropic-messages', body.toString())
      assert.deepEqual([reason, made], ['tool_use', calls])
    }
    const { body } = await claimed.client.post('/v1/messages', { ...messages, stream: true })
    assert.equal(heard('anthropic-messages', body.toString()).reason, 'end_turn')
    const inOpenAis = await ollama.client.post('/v1/chat/completions', {
      ...chat,
      stream: true,
      tools: toolsOf('openai-chat'),
    })
    assert.equal(heard('openai-chat', inOpenAis.body.toString()).reason, 'tool_calls')
  })

  test('no caller can make Ollama load a model anew, nor throw it out', async (t) => {
    const options = { num_ctx: 9_000, num_thread: 3, num_gpu: 0, NUM_BATCH: 8, temperature: 0.5 }
    const greedy = { ...chat, options, keep_alive: 0, shift: false, Keep_Alive: -1 }
    for (const context of [undefined, 4_096]) {
      const upstream = { context: new Map(context === undefined ? [] : [['m', context]]) }
      const { client, heard: asked } = await desk(t, { kind: 'ollama', says: fixture('ollama/chat-stream'), upstream })
      await client.post('/api/chat', greedy)
      const { options: sent, ...rest } = asked.at(-1)!.json
      assert.deepEqual(sent, { temperature: 0.5, ...(context !== undefined && { num_ctx: context }) })
      assert.deepEqual(Object.keys(rest).toSorted(), ['messages', 'model', 'truncate'])
    }
  })

  test('a prompt that is too long is an error, and is never cut without a word', async (t) => {
    const ollama = await desk(t, { kind: 'ollama', says: fixture('ollama/overflow-truncate-false-400') })
    for (const body of [chat, { ...chat, truncate: true }]) {
      const { status } = await ollama.client.post('/api/chat', body)
      assert.equal(status, 400)
      assert.equal(ollama.heard.at(-1)!.json['truncate'], false)
    }
    const { body } = await ollama.client.post('/v1/chat/completions', chat)
    assert.equal(ollama.heard.at(-1)!.json['truncate'], false)
    assert.equal(listeners['openai-chat']!.hearRefusal(JSON.parse(body.toString())).word, 'context_length_exceeded')
    const words =
      'Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens'
    for (const says of [
      said([{ error: words }]),
      said([`event: error\ndata: {"error":${JSON.stringify(words)}}\n\n`], { stream: true }),
    ]) {
      const lmstudio = await desk(t, { kind: 'lmstudio', says })
      const refused = await lmstudio.client.post('/v1/chat/completions', { ...chat, stream: says.isStream })
      assert.equal(refused.status, 400)
      assert.equal(
        listeners['openai-chat']!.hearRefusal(JSON.parse(refused.body.toString())).word,
        'context_length_exceeded',
      )
    }
  })

  test('servers queue without bound and without a sign, and so the line stands here', async (t) => {
    let served = 0
    let most = 0
    const full = Promise.withResolvers<void>()
    const { client, gateway } = await desk(t, {
      kind: 'ollama',
      upstream: { concurrency: 2 },
      says: async () => {
        served += 1
        most = Math.max(most, served)
        await full.promise
        served -= 1
        return fixture('ollama/chat')
      },
    })
    const asked = Array.from({ length: 8 }, () => client.post('/api/chat', { ...chat, stream: false }))
    while (gateway.waiting < 6) await new Promise((resolve) => setTimeout(resolve, 1))
    full.resolve()
    for (const { status } of await Promise.all(asked)) assert.equal(status, 200)
    assert.equal(most, 2)
  })

  test('errors come after a 200, and what lacks its last word is no answer', async (t) => {
    const broken = [
      'ollama/v1-chat-runner-killed-stream',
      'ollama/v1-messages-runner-killed-stream',
      'ollama/v1-responses-runner-killed-stream',
      'ollama/chat-repeat-guard-stream',
      'ollama/chat-runner-killed-stream',
      'llamacpp/router-child-killed-stream',
    ]
    for (const name of broken) {
      const recorded = fixture(name)
      const dialect = dialects.find(({ routes }) => routes.includes(recorded.path))!
      const backend = { ...backendOf('openai-compatible')!, speaks: { [dialect.id]: recorded.path } }
      const { client } = await desk(t, { kind: 'openai-compatible', says: recorded, upstream: { backend } })
      const { body } = await client.post('/v1/chat/completions', { ...chat, stream: true })
      const last = body.toString().slice(body.lastIndexOf('data: '))
      assert.equal(listeners['openai-chat']!.hearBreak(last).word, 'upstream_error', name)
      assert.doesNotMatch(body.toString(), /"finish_reason":"|\[DONE\]/)
    }
    const wordless = { ...fixture('llamacpp/chat-stream'), chunks: fixture('llamacpp/chat-stream').chunks.slice(0, -1) }
    const { client } = await desk(t, { kind: 'openai-compatible', says: wordless })
    const { body } = await client.post('/api/chat', chat)
    const { isWhole, text } = heard('ollama-chat', body.toString())
    assert.deepEqual([isWhole, text], [true, fox], 'some servers never say more than why they stopped')
  })

  test('a local Ollama wants a local Host and no Origin, and what is only called local is not offered', async (t) => {
    const { client, heard: asked } = await desk(t, { kind: 'ollama', says: fixture('ollama/chat-stream') })
    const page = { host: 'spillway:11400', origin: 'app://notes' }
    const { status: served } = await client.post('/api/chat', chat, page)
    assert.equal(served, 200)
    const { headers } = asked[0]!
    assert.match(headers.get('host')!, /^127\.0\.0\.1:\d+$/)
    assert.equal(headers.get('origin'), undefined)
    const list = {
      models: [
        { name: 'here:latest', details: {} },
        { name: 'far:latest', remote_host: 'https://ollama.com', remote_model: 'far' },
        { name: 'big:cloud' },
        { name: 'big-cloud:latest', remote_model: 'big' },
      ],
    }
    const known = ({ path }: Request) =>
      path === '/api/version' ? fixture('ollama/version') : path === '/api/ps' ? said([{ models: [] }]) : said([list])
    const cloudy = await desk(t, { kind: 'ollama', says: fixture('ollama/chat-stream'), known })
    const { body } = await cloudy.client.get('/api/tags')
    assert.deepEqual(
      (JSON.parse(body.toString()) as { models: { name: string }[] }).models.map(({ name }) => name),
      ['here:latest'],
    )
    const { status } = await cloudy.client.post('/api/chat', { ...chat, model: 'big:cloud' })
    assert.equal(status, 404)
  })

  test('models think unless told not to, and each server calls its thoughts something else', async (t) => {
    const ollama = await desk(t, { kind: 'ollama', says: fixture('ollama/chat-thinking-stream') })
    await ollama.client.post('/v1/chat/completions', chat)
    await ollama.client.post('/v1/chat/completions', { ...chat, reasoning_effort: 'high' })
    assert.deepEqual(
      ollama.heard.map(({ json }) => json['think']),
      [false, 'high'],
    )
    const thoughts = [
      [chunk({ reasoning_content: 'Hm.' }), chunk({ content: 'Yes.' })],
      [chunk({ reasoning: 'Hm.' }), chunk({ content: 'Yes.' })],
      [chunk({ thinking: 'Hm.' }), chunk({ content: 'Yes.' })],
      [chunk({ content: '<thi' }), chunk({ content: 'nk>Hm.</think>\n\n' }), chunk({ content: 'Yes.' })],
    ]
    for (const frames of thoughts) {
      const { client } = await desk(t, { kind: 'openai-compatible', says: events(...frames, chunk({}, 'stop')) })
      const { body } = await client.post('/api/chat', { ...chat, think: true })
      const { thinking, text } = heard('ollama-chat', body.toString())
      assert.deepEqual([thinking, text], ['Hm.', 'Yes.'])
    }
  })

  test('a limit has two names, some servers know one of them, and to some nothing is endless', async (t) => {
    const limited = { ...chat, max_completion_tokens: 7 }
    for (const kind of ['openai-compatible', 'vllm', 'llamacpp', 'exo']) {
      const { client, heard: asked } = await desk(t, { kind, says: fixture('llamacpp/chat-stream') })
      await client.post('/v1/chat/completions', { ...limited, stream: true })
      assert.equal(asked[0]!.json['max_tokens'], 7, kind)
    }
    const { client, heard: asked } = await desk(t, { kind: 'ollama', says: fixture('ollama/chat-stream') })
    await client.post('/v1/chat/completions', limited)
    assert.deepEqual(asked[0]!.json['options'], { num_predict: 7 })
    for (const num of [0, -1, -2]) await client.post('/api/chat', { ...chat, options: { num_predict: num } })
    assert.ok(asked.slice(1).every(({ json }) => inside(json, 'options', 'num_predict') === undefined))
    const { status } = await client.post('/v1/chat/completions', { ...chat, max_tokens: 0 })
    assert.equal(status, 400)
  })

  test('a cached token is counted here and left out there, and counts come only to those who ask', async (t) => {
    const openAi = await desk(t, { kind: 'llamacpp', says: fixture('llamacpp/chat-stream-usage') })
    const asked = await openAi.client.post('/v1/messages', { ...messages, stream: true })
    const { body: told } = asked
    assert.match(
      told.toString(),
      /"message_delta".*"input_tokens":1,.*"cache_read_input_tokens":65,.*"output_tokens":16/,
    )
    assert.deepEqual(heard('anthropic-messages', told.toString()).usage, { prompt: 66, output: 16, cached: 65 })
    const anthropic = await desk(t, { kind: 'anthropic', says: fixture('llamacpp/v1-messages-stream') })
    const counted = { ...chat, stream: true, stream_options: { include_usage: true } }
    const { body } = await anthropic.client.post('/v1/chat/completions', counted)
    assert.deepEqual(heard('openai-chat', body.toString()).usage, { prompt: 66, output: 16, cached: 65 })
    const unasked = await openAi.client.post('/v1/chat/completions', { ...chat, stream: true })
    assert.deepEqual(openAi.heard.at(-1)!.json['stream_options'], { include_usage: true })
    assert.doesNotMatch(unasked.body.toString(), /"usage"/)
  })

  test('vectors are asked for in base64, and texts come as the ids of their tokens', async (t) => {
    const { client, heard: asked } = await desk(t, { kind: 'ollama', says: fixture('ollama/embed') })
    const { path, ask, hearWhole } = openAiEmbeddingsBase64
    const { body } = await client.post(path, ask({ model: 'm', stream: false, task: 'vectors', tools: false }))
    const { vectors } = hearWhole(JSON.parse(body.toString()))
    assert.equal(vectors[0]!.length, 64)
    assert.ok(Math.abs(vectors[0]![0]! - 0.13151331) < 1e-6)
    const before = asked.length
    const refused = await client.post('/v1/embeddings', { model: 'm', input: [[5, 6, 7]] })
    assert.deepEqual([refused.status, asked.length], [400, before], 'Ollama is not asked what it cannot answer')
    assert.match(refused.body.toString(), /token ids/)
    const llama = await desk(t, { kind: 'llamacpp', says: fixture('llamacpp/embeddings-token-ids') })
    const taken = await llama.client.post('/v1/embeddings', { model: 'm', input: [[5, 6, 7]] })
    assert.deepEqual([taken.status, llama.heard[0]!.json['input']], [200, [[5, 6, 7]]])
  })

  test('Anthropic has two versions and two headers for a key, and both are welcome', async (t) => {
    const caller = { id: 'one', weight: 1, priority: 'default', models: undefined, cloud: 'allowed' } as const
    const callers = [{ caller, key: 'secret', patienceMs: undefined }]
    const local = await desk(t, { kind: 'llamacpp', says: fixture('llamacpp/chat-stream'), callers })
    const older = { 'x-api-key': 'secret', 'anthropic-version': '2023-06-01' }
    const newer = { authorization: 'Bearer secret', 'anthropic-version': '2026-10-21' }
    for (const headers of [older, newer]) {
      const { status } = await local.client.post('/v1/messages', { ...messages, temperature: 0.3, top_k: 5 }, headers)
      assert.equal(status, 200)
      const { temperature, top_k: topK } = local.heard.at(-1)!.json
      assert.deepEqual([temperature, topK], [0.3, 5], 'who runs a model may choose how it chooses')
    }
    const torn = { ...older, authorization: 'Bearer other' }
    assert.equal((await local.client.post('/v1/messages', messages, torn)).status, 401)
    const cloud = await desk(t, {
      kind: 'anthropic',
      says: fixture('llamacpp/v1-messages'),
      callers,
      upstream: { apiKey: 'theirs' },
    })
    for (const [headers, name, key] of [
      [older, 'x-api-key', 'theirs'],
      [newer, 'authorization', 'Bearer theirs'],
    ] as const) {
      await cloud.client.post('/v1/messages', messages, headers)
      const seen = cloud.heard.at(-1)!.headers
      assert.equal(seen.get('anthropic-version'), headers['anthropic-version'])
      assert.equal(seen.get(name), key)
      assert.ok(![...seen.values()].some((value) => value.includes('secret')), 'the key of a caller stays here')
    }
  })

  test("Anthropic's streams have one block open at a time, and number blocks and not calls", async (t) => {
    const inTurns = await desk(t, {
      kind: 'openai-compatible',
      says: events(
        chunk({ role: 'assistant', content: 'Let me look.' }),
        chunk({ tool_calls: [piece(0, 'a', 'get_weather', '{"city"')] }),
        chunk({ tool_calls: [piece(1, 'b', 'get_time', '{"zone":')] }),
        chunk({ tool_calls: [{ index: 0, function: { arguments: ':"Paris"}' } }] }),
        chunk({ tool_calls: [{ index: 1, function: { arguments: '"CET"}' } }] }),
        chunk({}, 'tool_calls'),
      ),
    })
    const asked = { ...messages, stream: true, tools: toolsOf('anthropic-messages') }
    const { body } = await inTurns.client.post('/v1/messages', asked)
    const { text, calls: made } = heard('anthropic-messages', body.toString())
    assert.deepEqual([text, made], ['Let me look.', calls])
    for (const name of ['ollama/v1-messages-tools-stream', 'llamacpp/v1-messages-thinking-tools-stream']) {
      const { client } = await desk(t, { kind: 'anthropic', says: fixture(name) })
      const { body: other } = await client.post('/v1/chat/completions', {
        ...chat,
        stream: true,
        tools: toolsOf('openai-chat'),
      })
      const { calls: seen, ids } = heard('openai-chat', other.toString())
      assert.deepEqual(seen, calls.slice(0, ids.length))
    }
  })

  test('the words of an overflow are an interface', async (t) => {
    for (const [kind, name] of [
      ['llamacpp', 'llamacpp/overflow-400'],
      ['openai-compatible', 'llamacpp/overflow-stream-400'],
    ] as const) {
      const { client } = await desk(t, { kind, says: fixture(name) })
      const told = async (path: string, body: object): Promise<string> =>
        (await client.post(path, body)).body.toString()
      assert.match(await told('/v1/messages', messages), /"message":"prompt is too long: 952 tokens > 512 maximum"/)
      const openAi = await told('/v1/chat/completions', { ...chat, stream: name.includes('stream') })
      assert.match(
        openAi,
        /This model's maximum context length is 512 tokens\. However, your messages resulted in 952 tokens/,
      )
      assert.match(openAi, /"code":"context_length_exceeded"/)
      assert.match(await told('/v1/responses', { model: 'm', input: 'x' }), /"code":"context_length_exceeded"/)
      assert.match(await told('/api/chat', chat), /^\{"error":"the prompt is longer than the context length/)
    }
  })

  test('Claude Code begins each request with other words, and says what the system says in the midst of it', async (t) => {
    const { client, heard: asked } = await desk(t, { kind: 'llamacpp', says: fixture('llamacpp/chat-stream') })
    const turn = (stamp: string): object => ({
      ...messages,
      system: [
        { type: 'text', text: `x-anthropic-billing-header: cc_version=2.1; cc_entrypoint=cli; cch=${stamp};` },
        { type: 'text', text: 'You are Claude Code.', cache_control: { type: 'ephemeral' } },
      ],
      messages: [
        { role: 'user', content: 'First.' },
        { role: 'system', content: 'Ten tokens left.' },
        { role: 'assistant', content: 'Well.' },
        { role: 'user', content: 'Second.' },
      ],
    })
    for (const stamp of ['a1b2c', 'd3e4f']) await client.post('/v1/messages', turn(stamp))
    assert.equal(asked[0]!.body, asked[1]!.body, 'what a server has in its cache is found there')
    const seen = asked[0]!.json['messages'] as { role: string; content: unknown }[]
    assert.equal(seen[0]!.content, 'You are Claude Code.')
    const at = seen.findIndex(({ content }) => JSON.stringify(content).includes('Ten tokens left.'))
    assert.equal(seen[at]!.role, 'user')
    assert.match(
      JSON.stringify(seen[at - 1]!.content) + JSON.stringify(seen[at]!.content),
      /First\..*Ten tokens left\./,
    )
    assert.equal(seen.at(-1)!.content, 'Second.')
    const alias = await desk(t, {
      kind: 'llamacpp',
      says: fixture('llamacpp/chat-stream'),
      upstream: { serve: new Map([['claude-local', 'fox']]) },
    })
    const { body } = await alias.client.get('/v1/models?limit=1000', { 'anthropic-version': '2023-06-01' })
    const { data, has_more: more } = JSON.parse(body.toString()) as { data: object[]; has_more: boolean }
    assert.equal(more, false)
    assert.deepEqual(
      data.map((model) => [(model as { type: string }).type, (model as { id: string }).id]),
      [['model', 'claude-local']],
    )
  })

  test('base addresses disagree, and not every stream says that it is done', async (t) => {
    const { client } = await desk(t, { kind: 'llamacpp', says: fixture('llamacpp/chat-stream') })
    for (const path of ['/v1/messages', '/messages', '/v1/messages?beta=true']) {
      const { body } = await client.post(path, { ...messages, stream: true })
      assert.equal(heard('anthropic-messages', body.toString()).text, fox, path)
    }
    const { body } = await client.post('/v1/responses', { model: 'm', input: 'x', stream: true })
    assert.doesNotMatch(body.toString(), /\[DONE\]/)
    assert.equal(heard('openai-responses', body.toString()).text, fox)
  })

  test('clients ask a busy server twice more unless they are told not to, and give up on a silent one too early', async (t) => {
    const { client } = await desk(t, { kind: 'ollama', says: fixture('ollama/queue-full-503') })
    const busy = await client.post('/v1/chat/completions', chat)
    assert.equal(busy.status, 503)
    assert.ok(Number(busy.headers['retry-after']) >= 1, 'who is to come again is told when')
    const refusing = await desk(t, { kind: 'ollama', says: fixture('ollama/chat-option-type-500') })
    const { status, headers } = await refusing.client.post('/v1/chat/completions', chat)
    assert.equal(status, 400, 'what only the caller can mend is told to the caller')
    assert.equal(headers['x-should-retry'], 'false')
    for (const transport of ['own', 'undici'] as const) {
      const asked = Promise.withResolvers<void>()
      const spoken = Promise.withResolvers<Fixture>()
      const server = await startReplay(() => {
        asked.resolve()
        return spoken.promise
      })
      const world = realWorld({ transport })
      const { origin, pathname } = new URL(server.url('slow'))
      t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
      const out = {
        method: 'POST',
        origin,
        path: pathname,
        headers: [],
        body: Buffer.from('{}'),
        signal: undefined,
      } as const
      const answer = world.send(out)
      await asked.promise
      for (let minutes = 0; minutes < 20; minutes += 1) t.mock.timers.tick(60_000)
      t.mock.timers.reset()
      spoken.resolve(said([{ ok: true }]))
      assert.equal((await answer).status, 200, `${transport} waits as long as it is told to`)
      await world.close()
      await server.close()
    }
  })

  test('the answers of llama.cpp may share one context, and only what is streamed is ever stopped', async (t) => {
    const { client, heard: asked } = await desk(t, { kind: 'llamacpp', says: fixture('llamacpp/chat-stream-usage') })
    for (const [path, body] of [
      ['/v1/chat/completions', chat],
      ['/v1/messages', messages],
      ['/api/chat', { ...chat, stream: false }],
    ] as const) {
      const { status, body: answer } = await client.post(path, body, { 'x-conversation-id': 'c1' })
      assert.equal(status, 200)
      assert.match(answer.toString(), /Grüße aus 東京/)
      assert.equal(asked.at(-1)!.json['stream'], true)
      assert.equal(asked.at(-1)!.headers.get('x-conversation-id'), undefined, 'it would go on when the caller has left')
    }
    const full = await desk(t, { kind: 'llamacpp', says: fixture('llamacpp/chat-pool-exhausted-at-once') })
    const { status, body } = await full.client.post('/v1/chat/completions', { ...chat, stream: true })
    assert.equal(status, 503, 'it is the fault of the crowd, and not of who happened to be in it')
    assert.match(body.toString(), /"code":"upstream_busy"/)
  })

  test('the same name means something else on another server', async (t) => {
    const begun = { ...messages, messages: [...question, { role: 'assistant', content: 'The quick' }] }
    const wishes: Readonly<Record<string, object>> = {
      vllm: { continue_final_message: true, add_generation_prompt: false },
      sglang: { continue_final_message: true, add_generation_prompt: false },
      llamacpp: { chat_template_kwargs: { enable_thinking: false } },
    }
    for (const [kind, wish] of Object.entries(wishes)) {
      const { client, heard: asked } = await desk(t, { kind, says: fixture('llamacpp/chat-stream') })
      await client.post('/v1/messages', begun)
      const { json } = asked[0]!
      for (const [name, value] of Object.entries(wish)) assert.deepEqual(json[name], value, kind)
      await client.post('/v1/chat/completions', { ...chat, priority: 9 })
      assert.equal(asked[1]!.json['priority'], undefined, 'first here is last there')
    }
    const errors = [
      { error: 'no room' },
      { error: { message: 'no room', code: 400, type: 'BadRequestError' } },
      { object: 'error', message: 'no room', type: 'BadRequestError', code: 400 },
      { detail: 'no room' },
    ]
    for (const error of errors) {
      const { client } = await desk(t, { kind: 'openai-compatible', says: said([error], { status: 400 }) })
      const { status, body } = await client.post('/v1/messages', messages)
      const told = listeners['anthropic-messages']!.hearRefusal(JSON.parse(body.toString()))
      assert.deepEqual([status, told.word, told.message], [400, 'invalid_request_error', 'no room'])
    }
  })
})
