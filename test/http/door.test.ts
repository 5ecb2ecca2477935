import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { chat, type OpenDoor, openDoor, replyOf, until } from './fake-gateway.ts'
import { type Answer, RawClient } from './raw.ts'

function connected(t: TestContext, { port }: OpenDoor): RawClient {
  const client = new RawClient(port)
  t.after(() => client.close())
  return client
}

const post = (path: string, body: string, ...headers: string[]): string =>
  [`POST ${path} HTTP/1.1`, 'Host: localhost', `Content-Length: ${Buffer.byteLength(body)}`, ...headers, '', body].join(
    '\r\n',
  )

const get = (path: string, ...headers: string[]): string =>
  [`GET ${path} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n')

async function answerTo(t: TestContext, door: OpenDoor, bytes: string): Promise<Answer> {
  const client = connected(t, door)
  client.send(bytes)
  const answer = await client.answer({ toHead: bytes.startsWith('HEAD') })
  assert.ok(answer !== undefined)
  return answer
}

/** Long enough for what was written to a socket in this process to be read from its other end. */
async function turns(): Promise<void> {
  for (let at = 0; at < 5; at += 1) await new Promise((resolve) => void setImmediate(resolve))
}

const openai = '/v1/chat/completions'

test('what a caller wishes for comes with the ask', async (t) => {
  const door = await openDoor(t, { keys: { ui: 'k' } })
  await answerTo(
    t,
    door,
    post(
      openai,
      chat(),
      'Authorization: Bearer k',
      'X-Request-Id: r-1',
      'X-Spillway-Patience-Ms: 250',
      'X-Spillway-Deadline-Ms: 12s',
      'X-Spillway-Priority: batch',
      'X-Spillway-Cloud: never',
    ),
  )
  const { id, caller, patienceMs, deadlineMs, priority, cloud, body, raw, dialect } = door.asks[0]!
  assert.deepEqual(
    [id, caller.id, patienceMs, deadlineMs, priority, cloud, dialect],
    ['r-1', 'ui', 250, 12_000, 'batch', 'never', 'openai-chat'],
  )
  assert.deepEqual(body, JSON.parse(chat()))
  assert.equal(Buffer.from(raw!).toString(), chat())
})

test('a patience beyond a day is a day, since timers know no more', async (t) => {
  const door = await openDoor(t)
  await answerTo(t, door, post(openai, chat(), 'X-Spillway-Patience-Ms: 99999999999999'))
  assert.equal(door.asks[0]!.patienceMs, 86_400_000)
})

test('a request without an id gets one, on good and bad answers alike, and no two the same', async (t) => {
  const door = await openDoor(t)
  const ids = new Set<string>()
  for (const bytes of [
    post(openai, chat()),
    post(openai, chat()),
    get('/nowhere'),
    get('/v1/models'),
    post(openai, '{'),
  ]) {
    ids.add((await answerTo(t, door, bytes)).headers['x-request-id']!)
  }
  assert.equal(ids.size, 5)
  assert.ok(ids.has(door.asks[0]!.id) && ids.has(door.asks[1]!.id))
})

test('a key is known by either header, and without one or with a wrong one nothing is served', async (t) => {
  const door = await openDoor(t, { keys: { ui: 'k 1/ü' } })
  const key = Buffer.from('k 1/ü').toString('latin1')
  const statusWith = async (...headers: string[]): Promise<number> =>
    (await answerTo(t, door, post(openai, chat(), ...headers))).status
  assert.equal(await statusWith(`Authorization: Bearer ${key}`), 200)
  assert.equal(await statusWith(`authorization: bearer  ${key} `), 200)
  assert.equal(await statusWith(`X-Api-Key: ${key}`), 200)
  assert.equal(await statusWith(), 401)
  assert.equal(await statusWith('Authorization: Bearer'), 401)
  assert.equal(await statusWith('Authorization: Bearer wrong'), 401)
  assert.equal(await statusWith('Authorization: Basic eDp5'), 401)
  assert.equal(await statusWith('X-Api-Key:'), 401)
  assert.equal(door.asks.length, 3)
  const told = await answerTo(t, door, get('/v1/models'))
  assert.equal(told.status, 401)
  assert.equal(told.headers['www-authenticate'], 'Bearer')
})

test('without keys a caller may send any, or none that is one', async (t) => {
  const door = await openDoor(t)
  for (const header of ['Authorization: Bearer', 'Authorization: Basic eDp5', 'X-Api-Key: ollama']) {
    assert.equal((await answerTo(t, door, post(openai, chat(), header))).status, 200)
  }
})

test('with keys the name and the origin do not matter, since the pages of strangers have none', async (t) => {
  const door = await openDoor(t, { keys: { ui: 'k' } })
  const bytes = post(openai, chat(), 'X-Api-Key: k', 'Origin: https://ui.example').replace('localhost', 'llm.example')
  assert.equal((await answerTo(t, door, bytes)).status, 200)
})

test('a stranger is turned away before its body is read, and a body too large before it is sent', async (t) => {
  const door = await openDoor(t, { keys: { ui: 'k' }, bounds: { bodyBytes: 1_000 } })
  const large = `POST ${openai} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5000000\r\n`
  assert.equal((await answerTo(t, door, `${large}\r\n`)).status, 401)
  assert.equal((await answerTo(t, door, `${large}X-Api-Key: k\r\n\r\n`)).status, 413)
})

test('whoever sends more than is taken gets to read why, although it is still sending', async (t) => {
  const door = await openDoor(t, { bounds: { bodyBytes: 1_000 } })
  for (const framing of ['Content-Length: 20000000', 'Transfer-Encoding: chunked']) {
    const client = connected(t, door)
    client.send(`POST ${openai} HTTP/1.1\r\nHost: localhost\r\n${framing}\r\n\r\n`)
    const piece = 'x'.repeat(1_000_000)
    for (let at = 0; at < 20; at += 1) {
      client.send(framing.startsWith('Content') ? piece : `${piece.length.toString(16)}\r\n${piece}\r\n`)
      await turns()
    }
    const answer = (await client.answer())!
    assert.equal(answer.status, 413)
    assert.equal(answer.headers['connection'], 'close')
    assert.match(answer.body, /"code":"request_too_large"/)
  }
  assert.equal(door.asks.length, 0)
})

test('who takes too long over its headers or its body is cut off, and never told to try again', async (t) => {
  const slow = {
    nothing: '',
    'half a head': 'POST /v1/chat/completions HTTP/1.1\r\nHost: loc',
    'half a body': 'POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"model"',
  }
  const door = await openDoor(t, { headersMs: 150, requestMs: 300 })
  const clients = Object.values(slow).map((bytes) => {
    const client = connected(t, door)
    client.send(bytes)
    return client
  })
  assert.deepEqual(await Promise.all(clients.map((client) => client.ended())), ['', '', ''])
  assert.equal(door.asks.length, 0)
})

test('health is told to anybody, and readiness as it is', async (t) => {
  let ready = false
  const door = await openDoor(t, { keys: { ui: 'k' }, ready: () => ready })
  assert.equal((await answerTo(t, door, get('/healthz'))).status, 200)
  assert.equal((await answerTo(t, door, get('/readyz'))).status, 503)
  ready = true
  assert.equal((await answerTo(t, door, get('/readyz?verbose'))).status, 200)
  const head = await answerTo(t, door, 'HEAD /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n')
  assert.deepEqual([head.status, head.body], [200, ''])
  assert.equal((await answerTo(t, door, post('/healthz', '{}'))).status, 405)
})

test('doors that are shut say why, in the form their clients read', async (t) => {
  const door = await openDoor(t)
  const ollama = /^\{"error":"[A-Z]/
  const cases: [path: string, status: number, says: RegExp, form: RegExp][] = [
    ...['pull', 'push', 'create', 'copy', 'delete', 'blobs/sha256:1'].map((name): [string, number, RegExp, RegExp] => [
      `/api/${name}`,
      403,
      /not administered/,
      ollama,
    ]),
    ['/api/me', 403, /ollama\.com/, ollama],
    ['/api/signout', 403, /ollama\.com/, ollama],
    ['/api/user/keys/1', 403, /ollama\.com/, ollama],
    ['/v1/responses/resp_1', 404, /keeps no answers/, /"code":"not_supported"/],
    ['/v1/audio/transcriptions', 404, /ask a server directly/, /"code":"not_supported"/],
    ['/api/nothing', 404, /There is no \/api\/nothing/, ollama],
    ['/v1/nothing', 404, /There is no \/v1\/nothing/, /"code":"not_found"/],
    ['/apiary', 404, /There is no \/apiary/, /"code":"not_found"/],
  ]
  for (const [path, status, says, form] of cases) {
    const { body, ...answer } = await answerTo(t, door, post(path, '{}'))
    assert.equal(answer.status, status, path)
    assert.match(body, says)
    assert.match(body, form)
  }
  assert.equal(door.asks.length, 0)
  assert.equal((await answerTo(t, door, get('/api/delete').replace('GET', 'DELETE'))).status, 403)
})

test('what is turned away is told of, once, with whose door it knocked at', async (t) => {
  const door = await openDoor(t, { keys: { ui: 'k' } })
  await answerTo(t, door, post('/api/chat', chat(), 'X-Api-Key: no'))
  await answerTo(t, door, post(openai, '{}', 'X-Api-Key: k'))
  await answerTo(t, door, get('/nowhere'))
  await answerTo(t, door, 'nonsense\r\n\r\n')
  assert.deepEqual(door.events, [
    { type: 'request-refused', kind: 'unauthorized', status: 401, dialect: 'ollama-chat' },
    { type: 'request-refused', kind: 'bad-request', status: 400, dialect: 'openai-chat' },
    { type: 'request-refused', kind: 'no-such-route', status: 404, dialect: 'openai-chat' },
    { type: 'request-refused', kind: 'bad-request', status: 400, dialect: 'openai-chat' },
  ])
})

test('an address that is taken is told to whoever opens the door', async (t) => {
  const door = await openDoor(t)
  await assert.rejects(openDoor(t, { port: door.port }), { code: 'EADDRINUSE' })
})

test('closing lets the running answers end, takes no new ones, and says so to whoever is connected', async (t) => {
  const end = Promise.withResolvers<void>()
  const door = await openDoor(t, {
    serve: async () =>
      replyOf(
        (async function* () {
          yield 'data: 1\n\n'
          await end.promise
          yield 'data: 2\n\n'
        })(),
      ),
  })
  const [running, pipelining, idle] = [connected(t, door), connected(t, door), connected(t, door)]
  running.send(post(openai, chat({ stream: true })))
  pipelining.send(post(openai, chat({ stream: true })))
  idle.send(get('/healthz'))
  await idle.answer()
  await until(() => door.asks.length === 2, 'both asks')

  let isClosed = false
  const closing = door.close().then(() => (isClosed = true))
  assert.equal(await idle.ended(), '')
  await assert.rejects(fetch(`${door.url}/healthz`))
  pipelining.send(get('/readyz'))
  await turns()
  assert.equal(isClosed, false)
  end.resolve()
  for (const client of [running, pipelining]) assert.equal((await client.answer())?.body, 'data: 1\n\ndata: 2\n\n')
  const late = (await pipelining.answer())!
  assert.deepEqual([late.status, late.headers['connection']], [503, 'close'])
  await closing
  assert.equal(await running.ended(), '')
})

test('closing does not cut an answer that is on its way to a slow reader', async (t) => {
  const large = Buffer.alloc(12 * 1024 * 1024, 'x')
  const door = await openDoor(t, { serve: async () => replyOf([large], { stream: false }) })
  const client = connected(t, door)
  client.socket.pause()
  client.send(post(openai, chat()))
  await until(() => door.asks.length === 1, 'the ask')
  await turns()
  const closing = door.close()
  await turns()
  client.socket.resume()
  assert.equal((await client.answer())?.body.length, large.length)
  await closing
})

test('what still runs at the deadline is told that the gateway goes, and does not look whole', async (t) => {
  const never = new Promise<never>(() => {})
  const door = await openDoor(t, {
    serve: ({ stream, signal }) => {
      const gone = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Error('gone'))))
      if (!stream) return gone
      return Promise.resolve(
        replyOf(
          (async function* () {
            yield 'data: 1\n\n'
            yield await Promise.race([never, gone])
          })(),
        ),
      )
    },
  })
  const [streaming, waiting] = [connected(t, door), connected(t, door)]
  streaming.send(post(openai, chat({ stream: true })))
  waiting.send(post(openai, chat()))
  await until(() => door.asks.length === 2, 'both asks')
  await door.close(50)
  assert.match(
    (await streaming.answer())!.body,
    /^data: 1\n\ndata: \{"error":.*"code":"shutting_down","retry_after_ms":1000\}\}\n\n$/,
  )
  const told = (await waiting.answer())!
  assert.deepEqual([told.status, told.headers['retry-after']], [503, '1'])
})
