import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NetFault } from '../../src/core/world.ts'
import { answer, done, frame, readAll, rig, settled, silentAfter, textOf, usageFrame, wholeStream } from './scripted.ts'

const chat = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }
const streamed = { ...chat, stream: true }

test('in its own dialect the caller gets the very chunks the server sent', async () => {
  const sent = wholeStream.map((text) => Buffer.from(text))
  const on = rig({ box: { kind: 'openai-compatible', act: () => answer(sent) } })
  const reply = await on.ask({ ...streamed, stream_options: { include_usage: true } })
  const got = await readAll(reply)
  assert.equal(got.length, sent.length)
  for (const [i, chunk] of got.entries()) assert.equal(chunk, sent[i])
  const { usage, fault } = await settled(reply, on)
  assert.equal(fault, undefined)
  assert.deepEqual([usage.promptTokens, usage.outputTokens, usage.estimated ?? false], [7, 2, false])
})

test("the bytes of a request that nothing has to change in are the caller's own", async () => {
  const on = rig({ box: { kind: 'openai-compatible', act: () => answer([JSON.stringify({ choices: [] })]) } })
  const reply = await on.ask(chat)
  await readAll(reply)
  assert.equal(Buffer.from(on.heard.get('box')![0]!.body!).toString(), JSON.stringify(chat))
})

test('usage is asked for, counted, and hidden from a caller who did not ask', async () => {
  const on = rig({ box: { kind: 'openai-compatible', act: () => answer(wholeStream) } })
  const reply = await on.ask(streamed)
  const text = textOf(await readAll(reply))
  assert.equal(text, wholeStream.filter((chunk) => !chunk.includes('"usage"')).join(''))
  const sent = JSON.parse(Buffer.from(on.heard.get('box')![0]!.body!).toString()) as { stream_options: unknown }
  assert.deepEqual(sent.stream_options, { include_usage: true })
  assert.equal((await settled(reply, on)).usage.outputTokens, 2)
})

test("a model served under another name is asked for by its own and answers by the caller's", async () => {
  const renamed = wholeStream.map((text) => text.replaceAll('"model":"m"', '"model":"real-7b"'))
  const on = rig({ box: { kind: 'openai-compatible', act: () => answer(renamed), serve: new Map([['m', 'real-7b']]) } })
  const reply = await on.ask({ ...streamed, stream_options: { include_usage: true } })
  assert.equal(textOf(await readAll(reply)), wholeStream.join(''))
  const sent = JSON.parse(Buffer.from(on.heard.get('box')![0]!.body!).toString()) as { model: string }
  assert.equal(sent.model, 'real-7b')
})

const failures: Readonly<Record<string, () => ReturnType<typeof answer>>> = {
  'refuses the connection': () => {
    throw new NetFault('refused', 'refused', { unsent: true })
  },
  'resets before the head': () => {
    throw new NetFault('reset', 'reset')
  },
  'says 503': () => answer(['{"error":{"message":"busy"}}'], { status: 503 }),
  'says 500': () => answer(['oops'], { status: 500 }),
  'denies our key': () => answer(['{"error":{"message":"bad key"}}'], { status: 401 }),
  'breaks before the first frame is whole': () => answer(['data: {"cho'], { end: 'reset' }),
  'ends without a word': () => answer([]),
  'sends only comments and breaks': () => answer([': ping\n\n', ': ping\n\n'], { end: 'reset' }),
  'says an error as its first frame': () => answer(['data: {"error":{"message":"boom","code":500}}\n\n']),
}

for (const [what, fail] of Object.entries(failures)) {
  test(`when a server ${what}, another one serves and the caller sees nothing of it`, async () => {
    const on = rig({
      bad: { kind: 'openai-compatible', act: () => fail(), concurrency: 8 },
      good: { kind: 'openai-compatible', act: () => answer(wholeStream), concurrency: 1, tier: 1 },
    })
    const reply = await on.ask(streamed)
    assert.match(textOf(await readAll(reply)), /"Hel"[^]*"lo"[^]*\[DONE\]/)
    const outcome = await settled(reply, on)
    assert.equal(outcome.upstream, 'good')
    assert.equal(on.heard.get('good')!.length, 1)
    assert.ok(on.heard.get('bad')!.length <= 2)
  })
}

test('a server that refuses everybody is asked as often as configured, and the caller gets a 502', async () => {
  const on = rig({
    a: { kind: 'openai-compatible', act: () => answer(['x'], { status: 500 }) },
    b: { kind: 'openai-compatible', act: () => answer(['x'], { status: 500 }) },
  })
  await assert.rejects(on.ask(chat), { kind: 'upstream-broke', status: 502 })
  assert.equal(on.heard.get('a')!.length + on.heard.get('b')!.length, 2)
})

test('a request that the server finds fault with is not tried again, and its words reach the caller', async () => {
  const refuse = (): ReturnType<typeof answer> =>
    answer(['{"error":{"message":"temperature must be below 2","type":"invalid_request_error"}}'], { status: 422 })
  const on = rig({ a: { kind: 'openai-compatible', act: refuse }, b: { kind: 'openai-compatible', act: refuse } })
  await assert.rejects(on.ask(chat), { kind: 'upstream-refused', status: 422, message: /temperature must be below 2/ })
  assert.equal(on.heard.get('a')!.length + on.heard.get('b')!.length, 1)
})

test('a refused connection on the only server is a 502 at once', async () => {
  const on = rig({
    box: {
      kind: 'openai-compatible',
      act: () => {
        throw new NetFault('refused', 'refused', { unsent: true })
      },
    },
  })
  await assert.rejects(on.ask(chat), { status: 502 })
})

const breaks: Readonly<Record<string, () => ReturnType<typeof answer>>> = {
  'a reset': () => answer([frame({ content: 'Hel' })], { end: 'reset' }),
  'an end without [DONE]': () => answer([frame({ content: 'Hel' })]),
  'half a frame': () => answer([frame({ content: 'Hel' }), 'data: {"choi']),
  'an error frame': () =>
    answer([frame({ content: 'Hel' }), 'data: {"error":{"message":"out of memory","code":500}}\n\n']),
  'an error frame and then [DONE]': () =>
    answer([frame({ content: 'Hel' }), 'data: {"error":{"message":"x","code":500}}\n\n', done]),
}

for (const [what, broken] of Object.entries(breaks)) {
  for (const dialect of ['openai-chat', 'ollama-chat']) {
    test(`${what} in mid-stream is told as a fault in ${dialect}, never as an end`, async () => {
      const on = rig({ box: { kind: 'openai-compatible', act: broken } })
      const reply = await on.ask(streamed, { dialect })
      const heard: Uint8Array[] = []
      await assert.rejects(
        async () => {
          for await (const chunk of reply.body) heard.push(chunk)
        },
        { name: 'Fault', blame: 'upstream' },
      )
      assert.match(textOf(heard), /Hel/)
      assert.doesNotMatch(textOf(heard), /DONE|"done":true/)
      const outcome = await settled(reply, on)
      assert.equal(outcome.fault?.blame, 'upstream')
      assert.equal(outcome.usage.estimated, true)
    })
  }
}

test('a caller who hangs up in mid-stream is gone upstream at once and blames nobody', async () => {
  let hungUp = false
  const on = rig({
    box: {
      kind: 'openai-compatible',
      act: (out) => silentAfter([frame({ content: 'Hel' })], out, () => (hungUp = true)),
    },
  })
  const gone = new AbortController()
  const reply = await on.ask(streamed, { signal: gone.signal })
  const body = reply.body[Symbol.asyncIterator]()
  await body.next()
  gone.abort()
  assert.equal(hungUp, true)
  const outcome = await settled(reply, on)
  assert.equal(outcome.fault?.kind, 'cancelled')
})

test('a caller who hangs up while an answer in one piece is made frees the server at once', async () => {
  let hungUp = false
  const on = rig({ box: { kind: 'openai-compatible', act: (out) => silentAfter([], out, () => (hungUp = true)) } })
  const gone = new AbortController()
  const asked = on.ask(chat, { signal: gone.signal })
  setImmediate(() => gone.abort())
  await assert.rejects(asked, { kind: 'cancelled' })
  assert.equal(hungUp, true)
  assert.equal(on.gateway.fleet.upstreams[0]!.inFlight, 0)
})

test('a caller who hangs up while queued leaves the queue, and the next one is served', async () => {
  const on = rig({
    box: {
      kind: 'openai-compatible',
      concurrency: 1,
      act: (out) =>
        on.heard.get('box')!.length === 1 ? silentAfter([frame({ content: 'x' })], out) : answer(wholeStream),
    },
  })
  const first = new AbortController()
  const holding = await on.ask(streamed, { signal: first.signal })
  const second = new AbortController()
  const queued = on.ask(streamed, { signal: second.signal })
  const third = on.ask(streamed)
  second.abort()
  await assert.rejects(queued, { kind: 'cancelled' })
  assert.equal(on.gateway.waiting, 1)
  first.abort()
  const reply = await third
  await readAll(reply)
  assert.equal((await holding.outcome).fault?.kind, 'cancelled')
  assert.equal(on.heard.get('box')!.length, 2)
  await settled(reply, on)
})

test('a reply that is dropped unread gives its place back when its caller goes', async () => {
  const on = rig({ box: { kind: 'openai-compatible', act: (out) => silentAfter([frame({ content: 'x' })], out) } })
  const gone = new AbortController()
  const reply = await on.ask(streamed, { signal: gone.signal })
  gone.abort()
  assert.equal((await settled(reply, on)).fault?.kind, 'cancelled')
})

test('a server that gives no first token in time is cut off, and another one serves', async () => {
  let cut = false
  const on = rig(
    {
      mute: { kind: 'openai-compatible', act: (out) => silentAfter([': ping\n\n'], out, () => (cut = true)) },
      good: { kind: 'openai-compatible', tier: 1, act: () => answer(wholeStream) },
    },
    { timeouts: { connectMs: 1_000, firstTokenMs: 100, gapMs: 60_000 } },
  )
  const reply = await on.ask(streamed)
  await readAll(reply)
  assert.equal(cut, true)
  assert.equal((await settled(reply, on)).upstream, 'good')
})

test('a stream that falls silent is cut off and told as a timeout; pings are no progress', async () => {
  const on = rig(
    { box: { kind: 'openai-compatible', act: (out) => silentAfter([frame({ content: 'x' }), ': ping\n\n'], out) } },
    { timeouts: { connectMs: 1_000, firstTokenMs: 60_000, gapMs: 100 } },
  )
  const reply = await on.ask(streamed)
  await assert.rejects(readAll(reply), { kind: 'upstream-slow', status: 504 })
  await settled(reply, on)
})

test('an Ollama caller is served by an OpenAI server, streaming and in one piece', async () => {
  const on = rig({ box: { kind: 'openai-compatible', act: () => answer(wholeStream) } })
  const stream = await on.ask({ ...chat, stream: true }, { dialect: 'ollama-chat' })
  const lines = textOf(await readAll(stream))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { message: { content: string }; done: boolean; eval_count?: number })
  assert.equal(lines.map((line) => line.message.content).join(''), 'Hello')
  assert.deepEqual([lines.at(-1)!.done, lines.at(-1)!.eval_count], [true, 2])
  const whole = await on.ask({ ...chat, stream: false }, { dialect: 'ollama-chat' })
  const json = JSON.parse(textOf(await readAll(whole))) as {
    message: { content: string }
    done: boolean
    model: string
  }
  assert.deepEqual([json.message.content, json.done, json.model], ['Hello', true, 'm'])
  const sent = JSON.parse(Buffer.from(on.heard.get('box')![1]!.body!).toString()) as { stream: boolean }
  assert.equal(sent.stream, true)
  await settled(whole, on)
})

test('an OpenAI caller is served by an Ollama server, streaming and in one piece', async () => {
  const lines = [
    '{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"Hel"},"done":false}\n',
    '{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"lo"},"done":false}\n',
    '{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":7,"eval_count":2}\n',
  ]
  const on = rig({ box: { kind: 'ollama', act: () => answer(lines) } })
  const stream = await on.ask({ ...streamed, stream_options: { include_usage: true } })
  const text = textOf(await readAll(stream))
  assert.match(text, /"completion_tokens":2/)
  assert.ok(text.trimEnd().endsWith('data: [DONE]'))
  const whole = await on.ask(chat)
  const json = JSON.parse(textOf(await readAll(whole))) as {
    choices: { message: { content: string }; finish_reason: string }[]
    usage: { total_tokens: number }
  }
  assert.deepEqual(
    [json.choices[0]!.message.content, json.choices[0]!.finish_reason, json.usage.total_tokens],
    ['Hello', 'stop', 9],
  )
  await settled(whole, on)
})

test('an error under a 200 is an error', async () => {
  const on = rig({
    box: {
      kind: 'openai-compatible',
      act: () => answer(['{"error":{"message":"Trying to keep the first 9 tokens when context the overflows"}}']),
    },
  })
  await assert.rejects(on.ask(chat), { kind: 'context-overflow', status: 400, code: 'context_length_exceeded' })
})

test('usage that the server never told is estimated and says so', async () => {
  const on = rig({
    box: {
      kind: 'openai-compatible',
      act: () => answer([frame({ content: 'a' }), frame({ content: 'b' }, 'stop'), done]),
    },
  })
  const reply = await on.ask(streamed)
  await readAll(reply)
  const { usage } = await settled(reply, on)
  assert.equal(usage.estimated, true)
  assert.ok(usage.outputTokens >= 2 && usage.promptTokens > 0)
})

test('a frame that comes in one read with a comment is not lost with it', async () => {
  const on = rig({
    box: {
      kind: 'openai-compatible',
      act: () => answer([': ping\n\n', `: ping\n\n${frame({ content: 'a' })}`, frame({}, 'stop'), done]),
    },
  })
  const reply = await on.ask(streamed)
  assert.equal(textOf(await readAll(reply)), `: ping\n\n${frame({ content: 'a' })}${frame({}, 'stop')}${done}`)
})

test('several frames in one chunk lose nothing when one of them is hidden', async () => {
  const on = rig({
    box: {
      kind: 'openai-compatible',
      act: () => answer([frame({ content: 'a' }) + frame({}, 'stop') + usageFrame(3, 1) + done]),
    },
  })
  const reply = await on.ask(streamed)
  assert.equal(textOf(await readAll(reply)), frame({ content: 'a' }) + frame({}, 'stop') + done)
  assert.equal((await settled(reply, on)).usage.outputTokens, 1)
})
