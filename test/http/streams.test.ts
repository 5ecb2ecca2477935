import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { Fault } from '../../src/core/fault.ts'
import { chat, openDoor, replyOf, until } from './fake-gateway.ts'
import { RawClient } from './raw.ts'

const doors = { openai: '/v1/chat/completions', ollama: '/api/chat' }

const request = (path: string, body = chat({ stream: true })): string =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`

function connected(t: TestContext, port: number): RawClient {
  const client = new RawClient(port)
  t.after(() => client.close())
  return client
}

/** A source that gives what it is told, when it is told. */
function byHand(): { push(frame: string): void; end(): void; frames: AsyncIterable<string> } {
  const told: (string | undefined)[] = []
  let wake = (): void => {}
  const tell = (frame: string | undefined): void => {
    told.push(frame)
    wake()
  }
  async function* frames(): AsyncGenerator<string> {
    for (;;) {
      if (told.length === 0) await new Promise<void>((resolve) => (wake = resolve))
      const frame = told.shift()
      if (frame === undefined) return
      yield frame
    }
  }
  return { push: tell, end: () => tell(undefined), frames: frames() }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

test('a frame reaches the caller before the next one exists', async (t) => {
  const source = byHand()
  const { port } = await openDoor(t, { serve: async () => replyOf(source.frames) })
  const client = connected(t, port)
  let received = ''
  client.socket.on('data', (chunk) => (received += chunk.toString()))
  client.send(request(doors.openai))
  for (const frame of ['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n']) {
    source.push(frame)
    await until(() => received.includes(frame), `the frame ${frame}`)
  }
  source.end()
  assert.equal((await client.answer())?.body, 'data: 1\n\ndata: 2\n\ndata: 3\n\n')
})

test('the head of a stream leaves together with its first frame', async (t) => {
  const { port } = await openDoor(t, { serve: async () => replyOf(['data: 1\n\n', 'data: 2\n\n']) })
  const client = connected(t, port)
  const first = new Promise<string>((resolve) => client.socket.once('data', (chunk) => resolve(chunk.toString())))
  client.send(request(doors.openai))
  assert.match(await first, /^HTTP\/1\.1 200 OK\r\n[^]*data: 1\n\n/)
})

test('a stream says what it is, who serves it and why, and that nobody may hold it back', async (t) => {
  const serve = async (): Promise<ReturnType<typeof replyOf>> =>
    replyOf(['x\n'], { upstream: 'gpu-1', decision: 'queued 1.2s; loaded' })
  const { port } = await openDoor(t, { serve })
  const types = { openai: 'text/event-stream', ollama: 'application/x-ndjson' }
  for (const dialect of ['openai', 'ollama'] as const) {
    const client = connected(t, port)
    client.send(request(doors[dialect]).replace('Host', 'X-Request-Id: mine-1\r\nHost'))
    const { date: _, 'keep-alive': __, ...headers } = (await client.answer())!.headers
    assert.deepEqual(headers, {
      'content-type': types[dialect],
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'transfer-encoding': 'chunked',
      'x-request-id': 'mine-1',
      'x-spillway-upstream': 'gpu-1',
      'x-spillway-decision': 'queued 1.2s; loaded',
      'x-spillway-cache': 'bypass',
      connection: 'keep-alive',
    })
  }
})

test('a name that no header can hold is written in code', async (t) => {
  const { url } = await openDoor(t, { serve: async () => replyOf(['{}'], { stream: false, upstream: 'Wörk\n🖥' }) })
  const response = await fetch(url + doors.openai, { method: 'POST', body: chat() })
  assert.equal(response.headers.get('x-spillway-upstream'), 'W%C3%B6rk%0A%F0%9F%96%A5')
})

test('what is not a stream comes in one piece with its length, byte for byte, however large', async (t) => {
  for (const size of [1, 16 * 1024, 16 * 1024 + 1, 1024 * 1024]) {
    const answer = Buffer.alloc(size, Buffer.from('{"é":"✓"}'))
    const { url } = await openDoor(t, { serve: async () => replyOf([answer], { stream: false }) })
    const response = await fetch(url + doors.openai, { method: 'POST', body: chat() })
    assert.equal(response.headers.get('content-length'), String(size))
    assert.ok(answer.equals(Buffer.from(await response.arrayBuffer())))
  }
})

test('bytes pass unchanged, whatever they are and however they are cut', async (t) => {
  const all = Buffer.alloc(300_000, Buffer.from(Array.from({ length: 256 }, (_, at) => at)))
  const cuts = [0, 1, 255, 256, 65_536, 65_536, 200_000, 300_000]
  const chunks = cuts.map((cut, at) => new Uint8Array(all.subarray(cuts[at - 1] ?? 0, cut)))
  const { url } = await openDoor(t, { serve: async () => replyOf(chunks) })
  const response = await fetch(url + doors.openai, { method: 'POST', body: chat({ stream: true }) })
  assert.ok(all.equals(Buffer.from(await response.arrayBuffer())))
})

test('a caller of HTTP/1.0 gets the stream without chunks and its end as the end of the connection', async (t) => {
  const { port } = await openDoor(t, { serve: async () => replyOf(['data: 1\n\n', 'data: 2\n\n']) })
  const client = connected(t, port)
  client.send(request(doors.openai).replace('HTTP/1.1', 'HTTP/1.0'))
  const all = await client.ended()
  assert.doesNotMatch(all, /transfer-encoding/i)
  assert.ok(all.endsWith('\r\n\r\ndata: 1\n\ndata: 2\n\n'), all)
})

test('a second stream on a connection begins where the first one ends', async (t) => {
  const sources = [byHand(), byHand()]
  let served = 0
  const { port } = await openDoor(t, { serve: async () => replyOf(sources[served++]!.frames) })
  const client = connected(t, port)
  client.send(request(doors.openai) + request(doors.openai))
  await until(() => served === 2, 'both asks')
  for (const frame of ['second 1\n\n', 'second 2\n\n', 'second 3\n\n']) {
    await turn()
    sources[1]!.push(frame)
    await turn()
  }
  sources[1]!.end()
  sources[0]!.push('first\n\n')
  await turn()
  sources[0]!.end()
  assert.equal((await client.answer())?.body, 'first\n\n')
  assert.equal((await client.answer())?.body, 'second 1\n\nsecond 2\n\nsecond 3\n\n')
})

const piece = Buffer.alloc(64 * 1024, 'x')

test('who does not read is not written for, and is sent away after a while', async (t) => {
  let produced = 0
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      produced += 1
      yield piece
      await turn()
    }
  }
  const { port, asks } = await openDoor(t, { serve: async () => replyOf(endless()), bounds: { readerStallMs: 200 } })
  const client = connected(t, port)
  client.socket.pause()
  client.send(request(doors.openai))
  await until(() => asks[0]?.signal.aborted === true, 'the stalled reader to be sent away')
  // What the system holds for a connection, on both of its ends, and little more.
  assert.ok(produced * piece.length < 32 * 1024 * 1024, `${produced} pieces`)
})

test('who does not read an answer that is written to its end is sent away all the same', async (t) => {
  const large = Buffer.alloc(16 * 1024 * 1024, 'x')
  for (const stream of [true, false]) {
    const door = await openDoor(t, { serve: async () => replyOf([large], { stream }), bounds: { readerStallMs: 200 } })
    const client = connected(t, door.port)
    client.socket.pause()
    client.send(request(doors.openai, chat({ stream })))
    await until(() => door.asks.length === 1, 'the ask')
    await turn()
    // Long before its deadline.
    await door.close(60_000)
  }
})

test('who reads slowly gets everything', async (t) => {
  const count = 400
  const sent = createHash('sha256')
  async function* many(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < count; at += 1) {
      const chunk = Buffer.alloc(piece.length, `${at} `)
      sent.update(chunk)
      yield chunk
    }
  }
  const { url } = await openDoor(t, { serve: async () => replyOf(many()) })
  const response = await fetch(url + doors.openai, { method: 'POST', body: chat({ stream: true }) })
  const received = createHash('sha256')
  let length = 0
  for await (const chunk of response.body!) {
    received.update(chunk as Uint8Array)
    length += (chunk as Uint8Array).length
    if (length % 7 === 0) await turn()
  }
  assert.equal(length, count * piece.length)
  assert.equal(received.digest('hex'), sent.digest('hex'))
})

const leaves = {
  'closes its end': (client: RawClient) => void client.socket.end(),
  'resets the connection': (client: RawClient) => void client.socket.resetAndDestroy(),
}

const never = new Promise<never>(() => {})

for (const [how, leave] of Object.entries(leaves)) {
  test(`a caller who ${how} is gone at once: in the queue, before the first byte and in the middle`, async (t) => {
    const { port, asks } = await openDoor(t, {
      serve: async ({ body }) => {
        if (body['user'] === 'queued') return never
        if (body['user'] === 'silent')
          return replyOf(
            (async function* () {
              yield await never
            })(),
          )
        if (body['user'] === 'whole')
          return replyOf(
            (async function* () {
              yield await never
            })(),
            { stream: false },
          )
        return replyOf(
          (async function* () {
            yield 'data: 1\n\n'
            yield await never
          })(),
        )
      },
    })
    for (const user of ['queued', 'silent', 'whole', 'streaming']) {
      const client = connected(t, port)
      client.send(request(doors.openai, chat({ stream: user !== 'whole', user })))
      if (user === 'streaming') await new Promise((resolve) => client.socket.once('data', resolve))
      await until(() => asks.at(-1)?.body['user'] === user, `the ask ${user}`)
      const { signal } = asks.at(-1)!
      await turn()
      assert.equal(signal.aborted, false)
      leave(client)
      await until(() => signal.aborted, `the ask ${user} to be called off`)
    }
  })

  test(`a caller who ${how} before its body was whole is never an ask, and harms nobody`, async (t) => {
    const { port, url, asks, events } = await openDoor(t)
    const client = connected(t, port)
    client.send(request(doors.openai).slice(0, -5))
    await turn()
    leave(client)
    assert.equal((await fetch(`${url}/healthz`)).status, 200)
    assert.equal(asks.length, 0)
    assert.deepEqual(
      events.filter(({ type }) => type === 'request-refused').map((event) => 'status' in event && event.status),
      how === 'closes its end' ? [400] : [],
    )
  })
}

test('a caller who leaves with two asks under way on one connection leaves both', async (t) => {
  const { port, asks } = await openDoor(t, { serve: () => never })
  const client = connected(t, port)
  client.send(request(doors.openai) + request(doors.ollama))
  await until(() => asks.length === 2, 'both asks')
  client.close()
  await until(() => asks.every(({ signal }) => signal.aborted), 'both to be called off')
})

test('an ask that ended well is not called off when its caller leaves later', async (t) => {
  const { port, asks } = await openDoor(t, { serve: async () => replyOf(['data: 1\n\n']) })
  const client = connected(t, port)
  client.send(request(doors.openai))
  await client.answer()
  client.close()
  await client.ended()
  await turn()
  assert.equal(asks[0]!.signal.aborted, false)
})

test('a stream that breaks tells so in its own dialect, and never looks whole', async (t) => {
  const serve = async (): Promise<ReturnType<typeof replyOf>> =>
    replyOf(
      (async function* () {
        yield 'first\n'
        throw new Fault('upstream-broke', 'The server box broke the connection.')
      })(),
    )
  const { port } = await openDoor(t, { serve })
  const client = connected(t, port)
  client.send(request(doors.openai))
  const openai = (await client.answer())!
  assert.equal(openai.status, 200)
  assert.match(
    openai.body,
    /^first\ndata: \{"error":\{"message":"The server box broke the connection\.".*"code":"upstream_error"\}\}\n\n$/,
  )
  client.send(request(doors.ollama))
  const ollama = (await client.answer())!
  assert.match(ollama.body, /^first\n\{"error":"The server box broke the connection\.".*\}\n$/)
  assert.doesNotMatch(openai.body + ollama.body, /\[DONE\]|"done"/)
})

test('a fault before the first byte is an answer of its own, with its status and when to come back', async (t) => {
  const cases = [
    {
      fault: new Fault('queue-full', 'The queue is full.', { retryAfterMs: 2_300 }),
      status: 429,
      after: ['3', '2300'],
      retry: null,
    },
    {
      fault: new Fault('rate-limited', 'Too many.', { retryAfterMs: 0.5 }),
      status: 429,
      after: ['1', '1'],
      retry: null,
    },
    { fault: new Fault('no-upstream', 'No server.'), status: 503, after: ['1', '1000'], retry: null },
    {
      fault: new Fault('patience-spent', 'Waited.', { retryAfterMs: 1_000 }),
      status: 429,
      after: ['1', '1000'],
      retry: 'false',
    },
    {
      fault: new Fault('upstream-broke', 'It broke.', { retryAfterMs: 1_000 }),
      status: 502,
      after: ['1', '1000'],
      retry: null,
    },
    {
      fault: new Fault('over-budget', 'Set aside.', { retryAfterMs: 1_000 }),
      status: 429,
      after: ['1', '1000'],
      retry: null,
    },
    {
      fault: new Fault('over-budget', 'Spent.', { retryAfterMs: 3_600_000 }),
      status: 429,
      after: ['3600', '3600000'],
      retry: 'false',
    },
    { fault: new Fault('no-such-model', 'No such model.'), status: 404, after: [null, null], retry: null },
  ]
  for (const { fault, status, after, retry } of cases) {
    const failing = {
      rejects: () => Promise.reject(fault),
      breaks: async () =>
        replyOf(
          (async function* () {
            yield await Promise.reject<string>(fault)
          })(),
        ),
    }
    for (const serve of Object.values(failing)) {
      const { url, events } = await openDoor(t, { serve })
      for (const path of Object.values(doors)) {
        const { headers, ...response } = await answerTo(url + path, chat({ stream: true }), { 'x-request-id': 'mine' })
        assert.equal(response.status, status)
        assert.deepEqual([headers.get('retry-after'), headers.get('retry-after-ms')], after)
        assert.equal(headers.get('x-should-retry'), retry)
        assert.equal(headers.get('x-request-id'), 'mine')
        const { error } = JSON.parse(response.body) as { error: string | { message: string; code: string } }
        if (path === doors.ollama) assert.equal(error, fault.message)
        else assert.deepEqual(error, { ...(error as object), message: fault.message, code: fault.code })
      }
      // They were asks, and are told of as such.
      assert.equal(events.length, 0)
    }
  }
})

test('an error that is no fault says nothing of its inside', async (t) => {
  const { url } = await openDoor(t, { serve: () => Promise.reject(new TypeError('secret is not a function')) })
  const { status, body } = await answerTo(url + doors.openai, chat())
  assert.equal(status, 500)
  assert.doesNotMatch(body, /secret/)
})

async function answerTo(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; headers: Headers; body: string }> {
  const response = await fetch(url, { method: 'POST', body, headers })
  return { status: response.status, headers: response.headers, body: await response.text() }
}
