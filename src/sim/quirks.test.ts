import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NetFault, type Outbound } from '../core/world.ts'
import { bodyFor } from './bodies.ts'
import { Box, errand, model, paths, question, version } from './box.test-helper.ts'
import { earFor } from './ears.ts'
import { recital } from './recital.ts'
import type { ServerKind } from './server-spec.ts'
import type { TalkingDialect } from './workload.ts'

/** How each kind tells that it is busy, and with how much. */
const gauges: readonly (readonly [ServerKind, string, (text: string) => unknown])[] = [
  ['llamacpp', '/metrics', (text) => numbersAt(text, 'llamacpp:requests_processing', 'llamacpp:requests_deferred')],
  [
    'llamacpp',
    '/slots',
    (text) => [(JSON.parse(text) as { is_processing: boolean }[]).filter((slot) => slot.is_processing).length, 1],
  ],
  ['vllm', '/metrics', (text) => numbersAt(text, 'vllm:num_requests_running', 'vllm:num_requests_waiting')],
  ['sglang', '/metrics', (text) => numbersAt(text, 'sglang:num_running_reqs', 'sglang:num_queue_reqs')],
  ['tgi', '/metrics', (text) => numbersAt(text, 'tgi_batch_current_size', 'tgi_queue_size')],
  [
    'sglang',
    '/get_load',
    (text) => {
      const [load] = JSON.parse(text) as { num_reqs: number; num_waiting_reqs: number }[]
      return [load!.num_reqs - load!.num_waiting_reqs, load!.num_waiting_reqs]
    },
  ],
  [
    'exo',
    '/state',
    (text) => {
      const { tasks } = JSON.parse(text) as { tasks: Record<string, { TextGeneration: { taskStatus: string } }> }
      const states = Object.values(tasks).map((task) => task.TextGeneration.taskStatus)
      return [
        states.filter((state) => state === 'Running').length,
        states.filter((state) => state === 'Pending').length,
      ]
    },
  ],
]

const numbersAt = (text: string, ...names: readonly string[]): number[] =>
  names.map((name) => Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1]))

test('a gauge tells what the engine is at: so many at once, so many that wait', async () => {
  for (const [kind, path, read] of gauges) {
    const box = new Box(kind, { engine: { slots: 2 } })
    const long = errand('openai-chat', { question: 'Say 1000 words.' })
    const hungUp = new AbortController()
    await box.world.run(
      (async () => {
        assert.deepEqual(
          read((await box.read('GET', path)).text),
          path === '/slots' ? [0, 1] : [0, 0],
          `${kind} ${path}`,
        )
        const json = bodyFor(long)
        for (let open = 0; open < 3; open += 1)
          void box.send('POST', paths['openai-chat'], { json, signal: hungUp.signal }).catch(() => undefined)
        await box.world.sleep(500)
        assert.deepEqual(read((await box.read('GET', path)).text), [2, 1], `${kind} ${path}`)
        hungUp.abort()
        assert.deepEqual(
          read((await box.read('GET', path)).text),
          path === '/slots' ? [0, 1] : [0, 0],
          `${kind} ${path}`,
        )
      })(),
    )
  }
})

test('each kind tells of its models what it is known for', async () => {
  const told = async (kind: ServerKind, path: string): Promise<any> => {
    const box = new Box(kind, { model: { sees: true } })
    return box.world.run(box.get(path))
  }
  assert.equal((await told('vllm', '/v1/models')).data[0].max_model_len, 8_192)
  assert.match((await told('vllm', '/version')).version, /^\d/)
  assert.equal((await told('sglang', '/get_model_info')).model_path, model)
  assert.equal((await told('sglang', '/get_server_info')).internal_states[0].effective_max_running_requests_per_dp, 16)
  assert.equal((await told('lmstudio', '/api/v0/models')).data[0].type, 'vlm')
  assert.equal((await told('lmstudio', '/api/v1/models')).models[0].loaded_instances[0].config.context_length, 8_192)
  assert.equal((await told('exo', '/v1/models')).data[0].context_length, 8_192)
  assert.equal(
    Object.values<any>((await told('exo', '/state')).instances)[0].MlxRingInstance.shardAssignments.modelId,
    model,
  )
  assert.equal((await told('tgi', '/info')).max_total_tokens, 8_192)
  assert.equal((await told('openai', '/v1/models/m%3Alatest')).id, model)
  assert.equal((await told('generic', '/v1/models')).data[0].id, model)
  assert.deepEqual((await told('anthropic', '/v1/models')).data[0].id, model)
})

test('SGLang answers some of what Ollama answers, and not what only Ollama has', async () => {
  const box = new Box('sglang')
  const status = async (path: string): Promise<number> => (await box.read('GET', path)).status
  assert.deepEqual(await Promise.all(['/', '/api/tags', '/api/version', '/api/ps'].map(status)), [200, 200, 404, 404])
})

test('Exo streams chunks that call themselves answers, between comments, with the counts on the last word', async () => {
  const box = new Box('exo')
  const json = bodyFor(errand('openai-chat'))
  const { text } = await box.world.run(box.read('POST', paths['openai-chat'], json))
  const frames = text.split('\n\n').slice(0, -1)
  assert.deepEqual(
    [frames[0], frames[1]!.slice(0, 18), frames.at(-2)!.slice(0, 18), frames.at(-1)],
    [': keep-alive', ': prefill_progress', ': generation_stats', 'data: [DONE]'],
  )
  const chunks = frames.slice(2, -2).map((frame) => JSON.parse(frame.slice(6)))
  assert.deepEqual([...new Set(chunks.map(({ object }) => object))], ['chat.completion'])
  assert.ok(chunks.every(({ choices: [{ delta }] }) => delta.role === 'assistant' && delta.content !== null))
  assert.deepEqual(
    chunks.map(({ usage }) => usage?.completion_tokens),
    [...Array<undefined>(8).fill(undefined), 9],
  )
})

test('in each wire the thoughts go by the name that its servers use', async () => {
  for (const [kind, name] of [
    ['vllm', 'reasoning'],
    ['sglang', 'reasoning_content'],
    ['lmstudio', 'reasoning_content'],
    ['llamacpp', 'reasoning_content'],
    ['exo', 'reasoning_content'],
  ] as const) {
    const box = new Box(kind, { model: { thinks: true } })
    const { text } = await box.world.run(box.read('POST', paths['openai-chat'], bodyFor(errand('openai-chat'))))
    assert.match(text, new RegExp(`"${name}":"hm`), kind)
    const without = { ...bodyFor(errand('openai-chat')), chat_template_kwargs: { enable_thinking: false } }
    assert.ok(!(await box.world.run(box.read('POST', paths['openai-chat'], without))).text.includes('"hm'), kind)
  }
})

test('errors come in the envelope of their kind', async () => {
  const said = async (kind: ServerKind, path: string, json: object): Promise<string> => {
    const box = new Box(kind)
    const { status, text } = await box.world.run(box.read('POST', path, json))
    return `${status} ${text}`
  }
  const long = { model, messages: [{ role: 'user', content: 'x'.repeat(40_000) }], max_tokens: 9 }
  const nobody = { ...long, model: 'nobody' }
  const chat = paths['openai-chat']
  assert.match(
    await said('sglang', chat, long),
    /^400 \{"object":"error","message":"The input .*longer than.*"code":400\}$/,
  )
  assert.match(
    await said('vllm', chat, long),
    /^400 \{"error":\{"message":"This model's maximum context.*"code":400\}\}$/,
  )
  assert.match(await said('generic', chat, long), /^400 \{"detail":"/)
  assert.match(await said('tgi', chat, long), /^400 \{"error":".*","error_type":"validation"\}$/)
  assert.match(
    await said('exo', chat, nobody),
    /^404 \{"error":\{"message":"No instance found for model nobody".*"code":404/,
  )
  // Under a 200, in one piece and in a stream.
  assert.match(await said('lmstudio', chat, long), /^200 \{"error":"Trying to keep the first/)
  assert.match(await said('lmstudio', chat, { ...long, stream: true }), /^200 event: error\ndata: \{"error":/)
  const messages = paths['anthropic-messages']
  assert.match(
    await said('anthropic', messages, nobody),
    /^404 \{"type":"error","error":\{"type":"not_found_error","message":"model: nobody"\}/,
  )
  assert.match(await said('anthropic', messages, long), /^400 .*"prompt is too long: \d+ tokens > 8192 maximum"/)
  const most = { model, messages: [{ role: 'user', content: 'hi' }], max_tokens: 9_000 }
  assert.match(await said('anthropic', messages, most), /^400 .*input length and `max_tokens` exceed context limit/)
})

test('Anthropic wants a version, one of two headers for its key, and nothing that the version does not know', async () => {
  const box = new Box('anthropic', { key: 'secret' })
  const json = { model, max_tokens: 9, messages: [{ role: 'user', content: question }] }
  const status = async (headers: Outbound['headers'], more: object = {}): Promise<number> =>
    (await box.world.run(box.send('POST', '/v1/messages', { headers, json: { ...json, ...more } }))).status
  assert.equal(await status([version]), 401)
  assert.equal(await status([['x-api-key', 'secret']]), 400)
  assert.equal(await status([version, ['x-api-key', 'secret']], { temperature: 0.5 }), 200)
  const newer = [
    ['anthropic-version', '2026-10-21'],
    ['Authorization', 'Bearer secret'],
  ] as const
  assert.equal(await status(newer), 200)
  assert.equal(await status(newer, { temperature: 0.5 }), 400)
  assert.equal(await status(newer, { stream_options: {} }), 400)
  const counted = await box.world.run(
    box.send('POST', '/v1/messages/count_tokens', { headers: newer, json: { ...json, max_tokens: undefined } }),
  )
  assert.equal(counted.status, 200)
})

test('Anthropic keeps its blocks apart, one open at a time, and signs what it thought', async () => {
  const box = new Box('anthropic', { model: { thinks: true } })
  const json = { ...bodyFor(errand('anthropic-messages', { wants: 'tool' })), thinking: { type: 'adaptive' } }
  const { text } = await box.world.run(box.read('POST', '/v1/messages', json))
  const events = [...text.matchAll(/^data: (.+)$/gm)].map(([, data]) => JSON.parse(data!))
  let open: number | undefined
  for (const { type, index } of events) {
    if (type === 'content_block_start') assert.deepEqual([open, (open = index)], [undefined, index])
    if (type === 'content_block_delta') assert.equal(index, open)
    if (type === 'content_block_stop') assert.deepEqual([index, (open = undefined)], [index, undefined])
  }
  const types = events.filter(({ type }) => type === 'content_block_start').map((event) => event.content_block.type)
  assert.deepEqual(types, ['thinking', 'tool_use'])
  assert.ok(events.some(({ delta }) => delta?.type === 'signature_delta' && delta.signature !== ''))
  assert.deepEqual(
    [events[0].type, events.at(-1).type, events.at(-2).delta.stop_reason],
    ['message_start', 'message_stop', 'tool_use'],
  )
})

test('Anthropic refuses a conversation that breaks its rules', async () => {
  const box = new Box('anthropic')
  const said = async (messages: object[]): Promise<number> =>
    (await box.world.run(box.read('POST', '/v1/messages', { model, max_tokens: 9, messages }))).status
  const call = { type: 'tool_use', id: 'a', name: 'f', input: {} }
  const result = { type: 'tool_result', tool_use_id: 'a', content: 'done' }
  const user = { role: 'user', content: question }
  assert.equal(await said([{ role: 'assistant', content: 'hi' }]), 400)
  assert.equal(await said([{ role: 'tool', content: 'hi' }]), 400)
  assert.equal(await said([{ role: 'user', content: [{ type: 'text', text: '' }] }]), 400)
  assert.equal(await said([user, { role: 'assistant', content: [call] }, user]), 400)
  assert.equal(await said([user, { role: 'assistant', content: [call] }, { role: 'user', content: [result] }]), 200)
  assert.equal(await said([user, { role: 'assistant', content: 'Well, ' }]), 400)
})

test('who can carry an answer on says the rest of it, and who cannot begins again', async () => {
  const whole = recital(question, 9)
  const said = whole.slice(0, 40)
  const turns = (path: string): object => ({
    model,
    max_tokens: 99,
    stream: true,
    messages: [
      { role: 'user', content: question },
      { role: 'assistant', content: path.startsWith('/v1/messages') ? said.trimEnd() : said },
    ],
  })
  const after = async (kind: ServerKind, dialect: TalkingDialect, more: object = {}): Promise<string> => {
    const box = new Box(kind)
    const ear = earFor(dialect, true)
    const path = paths[dialect]
    const { text } = await box.world.run(box.read('POST', path, { ...turns(path), ...more }))
    ear.hear(Buffer.from(text))
    return ear.heard.text
  }
  const told = { continue_final_message: true, add_generation_prompt: false }
  for (const [kind, dialect, more] of [
    ['llamacpp', 'openai-chat', {}],
    ['vllm', 'openai-chat', told],
    ['sglang', 'openai-chat', told],
    ['anthropic', 'anthropic-messages', {}],
  ] as const) {
    const rest = await after(kind, dialect, more)
    assert.equal(dialect === 'anthropic-messages' ? said.trimEnd() + rest : said + rest, whole, kind)
  }
  for (const kind of ['vllm', 'generic', 'lmstudio', 'exo'] as const)
    assert.equal(await after(kind, 'openai-chat'), whole, kind)
})

test('what llama-server does not stream it generates to the end, whoever has left', async () => {
  for (const [kind, stream, words] of [
    ['llamacpp', false, 50],
    ['llamacpp', true, undefined],
    ['vllm', false, undefined],
  ] as const) {
    const box = new Box(kind)
    const hungUp = new AbortController()
    const json = bodyFor(errand('openai-chat', { stream, question: 'Say 50 words.' }))
    const open = box.send('POST', paths['openai-chat'], { json, signal: hungUp.signal })
    open.catch(() => undefined)
    await box.world.run(box.world.sleep(300))
    hungUp.abort()
    const then = box.server.ledger.outputTokens
    assert.equal(box.server.ledger.open, words === undefined ? 0 : 1, 'a place is taken as long as it is')
    await box.world.run(box.world.sleep(10_000))
    const { outputTokens, open: still, aborted } = box.server.ledger
    assert.deepEqual([outputTokens, still, aborted], [words ?? then, 0, 1], `${kind} ${stream}`)
    if (!stream) await assert.rejects(open, NetFault)
  }
})

test('llama-server sends a head when it has a place, before it reads, and none to who waits', async () => {
  const box = new Box('llamacpp', { engine: { slots: 1, prefillTokensPerSecond: 10 } })
  const heads: number[] = []
  for (const words of [4, 5]) {
    const json = bodyFor(errand('openai-chat', { question: `Say ${words} words.` }))
    void box.send('POST', paths['openai-chat'], { json }).then(() => heads.push(Math.round(box.world.now())))
  }
  await box.world.run(box.world.sleep(5_000))
  assert.equal(heads[0], 0)
  assert.ok(heads[1]! > 300, `${heads[1]}`)
})

test('llama-server answers nothing but 503 while its model is being loaded', async () => {
  const box = new Box('llamacpp', { engine: { loadMs: 3_000 } })
  box.server.crash()
  box.server.restart()
  const status = async (path: string): Promise<number> => (await box.read('GET', path)).status
  assert.deepEqual([await status('/health'), await status('/v1/models'), await status('/nope')], [503, 503, 503])
  await box.world.run(box.world.sleep(3_000))
  assert.equal(await status('/health'), 200)
})

test('who refers to an answer that was kept is answered with all of it in mind, where answers are kept', async () => {
  const ask = async (kind: ServerKind, more: object): Promise<any> => {
    const box = new Box(kind)
    const first = await box.world.run(box.read('POST', '/v1/responses', { model, input: question }))
    const { id } = JSON.parse(first.text) as { id: string }
    const again = { model, input: 'And then?', previous_response_id: id, ...more }
    return JSON.parse((await box.world.run(box.read('POST', '/v1/responses', again))).text)
  }
  for (const kind of ['openai', 'lmstudio'] as const) {
    const { usage } = await ask(kind, {})
    assert.ok(usage.input_tokens > Math.ceil('And then?\n'.length / 4), kind)
    assert.match((await ask(kind, { previous_response_id: 'resp_nobody' })).error?.message ?? '', /not found/)
  }
  // Ollama ignores it without a word.
  assert.equal((await ask('ollama', {})).usage.input_tokens, Math.ceil('And then?\n'.length / 4))
})
