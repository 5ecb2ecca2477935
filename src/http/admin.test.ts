import assert from 'node:assert/strict'
import { get as httpGet, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import { Script } from 'node:vm'
import { openHouse } from '../../test/telemetry/admin-house.ts'
import { settled, someAsk } from '../../test/telemetry/asks.ts'
import { startAdmin } from './admin.ts'

test('metrics are served as Prometheus reads them', async (t) => {
  const { get, emit } = await openHouse(t)
  emit(settled(someAsk()))
  const { status, headers, text } = await get('/metrics')
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  assert.match(text, /^spillway_requests_total\{caller="chat-ui"/m)
})

test('upstreams are told with their address, state, places and models, and without their key', async (t) => {
  const { get } = await openHouse(t)
  const { json, text } = await get('/api/upstreams')
  assert.deepEqual(json, {
    upstreams: [
      {
        name: 'gpu-1',
        kind: 'ollama',
        url: 'http://10.0.0.5:11434/v',
        tier: 0,
        up: true,
        state: 'up',
        condition: {
          word: 'cannot load',
          level: 'warn',
          why: ['cannot load llama3.1:8b: out of memory. It is tried again in 1 s.'],
        },
        last_error: null,
        breaker: 'closed',
        version: '0.12.0',
        gauge: null,
        advice: [],
        in_flight: 2,
        places: [
          {
            model: 'llama3.1:8b',
            in_flight: 2,
            limit: 4,
            limit_pinned: false,
            foreign: 1,
            state: 'unloadable',
            trouble: { reason: 'out of memory', for_ms: 4_000, tried_again_in_ms: 1_000 },
            stalls: 3,
            loaded: true,
            expected_first_token_ms: 123,
          },
        ],
        models: [{ name: 'llama3.1:8b', id: 'llama3.1:8b-q4', context_tokens: 8_192, loaded: true, can: null }],
      },
    ],
  })
  assert.doesNotMatch(text, /canary/)
})

test('the status has what is wrong in sentences, the worst first', async (t) => {
  const full = { name: 'models', path: '/m', usedRatio: 0.97, freeBytes: 1e9, state: 'full' } as const
  const { get } = await openHouse(t, { disk: { volumes: [full] } })
  assert.deepEqual((await get('/api/status')).json.troubles, [
    { level: 'bad', about: 'disk', upstream: null, text: 'The volume of models (/m) is 97 % full: make room.' },
    {
      level: 'warn',
      about: 'upstream',
      upstream: 'gpu-1',
      text: 'gpu-1 cannot load llama3.1:8b: out of memory. It is tried again in 1 s.',
    },
  ])
})

test('how full the volumes are is told, and none where none is watched', async (t) => {
  const full = { name: 'models', path: '/m', usedRatio: 0.95432, freeBytes: 1e9, state: 'full' } as const
  const ours = await openHouse(t, { disk: { volumes: [full] } })
  assert.deepEqual((await ours.get('/api/disk')).json, {
    volumes: [{ volume: 'models', path: '/m', state: 'full', used_ratio: 0.954, free_bytes: 1e9 }],
  })
  assert.deepEqual((await (await openHouse(t)).get('/api/disk')).json, { volumes: [] })
})

test('asks are told with what state they are in and where', async (t) => {
  const { get } = await openHouse(t)
  const { json } = await get('/api/asks')
  assert.deepEqual([json.queued, json.running], [1, 1])
  const places = json.asks.map((ask: { state: string; upstream: string | null }) => [ask.state, ask.upstream])
  assert.deepEqual(places, [
    ['queued', null],
    ['running', 'gpu-1'],
  ])
})

test('the feed is what the page draws', async (t) => {
  const { get, emit } = await openHouse(t)
  emit(settled(someAsk()))
  const { json } = await get('/api/feed')
  assert.equal(json.served, 1)
  assert.equal(json.recent[0].id, 'ask-1')
  assert.equal(json.history.output_tokens.at(-1), 34)
})

test('the events of now are streamed to whoever watches', async (t) => {
  const house = await openHouse(t)
  const watcher = await watching(house.port)
  house.emit(settled(someAsk({ id: 'seen' })))
  const frame = await until(watcher, '\n\n', 2)
  assert.equal(watcher.headers['content-type'], 'text/event-stream; charset=utf-8')
  assert.equal(JSON.parse(frame.split('data: ')[1]!).id, 'seen')
  watcher.destroy()
})

test('nobody watches, nothing is subscribed to', async (t) => {
  const house = await openHouse(t)
  assert.equal(house.listeners.size, 0)
  const watchers = await Promise.all([watching(house.port), watching(house.port)])
  assert.equal(house.listeners.size, 1)
  for (const watcher of watchers) watcher.destroy()
  while (house.listeners.size > 0) await new Promise(setImmediate)
})

test('there is room for so many watchers, and the next is told so', async (t) => {
  const { port, get } = await openHouse(t)
  const watchers = await Promise.all(Array.from({ length: 16 }, () => watching(port)))
  assert.equal((await get('/api/events')).status, 503)
  for (const watcher of watchers) watcher.destroy()
})

test('a watcher who does not read is dropped before it fills the memory', async (t) => {
  const house = await openHouse(t)
  const socket = connect(house.port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.pause()
  socket.write('GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n')
  while (house.listeners.size === 0) await new Promise(setImmediate)
  const event = settled(someAsk())
  for (let turn = 0; house.listeners.size > 0; turn += 1) {
    assert.ok(turn < 2_000, 'still there after half a gigabyte')
    for (let n = 0; n < 500; n += 1) house.emit(event)
    await new Promise(setImmediate)
  }
})

test('a reload that succeeds says so, and one that fails says why', async (t) => {
  const problems = [{ path: ['upstreams', 0], text: 'needs a url', line: 3, column: 5 }]
  const fault = Object.assign(new Error('spillway.yaml:3:5 upstreams[0]: needs a url'), { problems })
  let sound = true
  const reload = () => (sound ? Promise.resolve() : Promise.reject(fault))
  const { get } = await openHouse(t, { reload })
  const ask = { method: 'POST' }
  assert.deepEqual(await get('/api/reload', ask).then(({ status, json }) => [status, json]), [200, { ok: true }])
  sound = false
  const { status, json } = await get('/api/reload', ask)
  assert.equal(status, 400)
  assert.deepEqual(json, { ok: false, error: { code: 'invalid_config', message: fault.message, problems } })
})

test('where there is no config to read again, a reload says so', async (t) => {
  const { get } = await openHouse(t)
  assert.equal((await get('/api/reload', { method: 'POST' })).status, 409)
})

test('a GET never changes anything', async (t) => {
  const { get } = await openHouse(t, { reload: () => assert.fail('reloaded by a GET') })
  const { status, headers } = await get('/api/reload')
  assert.equal(status, 405)
  assert.equal(headers['allow'], 'POST')
})

test('what is not there is refused with a sentence that says what is', async (t) => {
  const { get } = await openHouse(t)
  for (const path of ['/api/explanations', '/api/keys', '/api/reports', '/favicon.ico', '/api']) {
    const { status, json } = await get(path)
    assert.equal(status, 404, path)
    assert.match(json.error.message, /\/api\/upstreams/)
  }
})

test('methods that nobody asked for are refused', async (t) => {
  const { get } = await openHouse(t)
  for (const method of ['PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY'])
    assert.equal((await get('/metrics', { method })).status, 405, method)
  const head = await get('/metrics', { method: 'HEAD' })
  assert.deepEqual([head.status, head.text], [200, ''])
})

test('a large body is refused, and the refusal arrives', async (t) => {
  const { get } = await openHouse(t, { reload: () => assert.fail('reloaded') })
  const { status } = await get('/api/reload', { method: 'POST', body: Buffer.alloc(70_000) })
  assert.equal(status, 413)
})

test('the guard stands before every path', async (t) => {
  const { get } = await openHouse(t, { reload: () => assert.fail('reloaded') })
  for (const path of [
    '/',
    '/metrics',
    '/api/upstreams',
    '/api/asks',
    '/api/feed',
    '/api/events',
    '/api/reload',
    '/nowhere',
  ]) {
    for (const method of ['GET', 'POST']) {
      assert.equal((await get(path, { method, headers: { host: 'evil.example' } })).status, 403, path)
      assert.equal((await get(path, { method, headers: { 'sec-fetch-site': 'cross-site' } })).status, 403, path)
    }
  }
})

test('with a token, everything but the page asks for it', async (t) => {
  const { get } = await openHouse(t, { token: 's3cret' })
  assert.equal((await get('/')).status, 200)
  for (const path of ['/metrics', '/api/upstreams', '/api/feed', '/api/events', '/nowhere']) {
    const { status, headers } = await get(path)
    assert.equal(status, 401, path)
    assert.equal(headers['www-authenticate'], 'Bearer')
    assert.equal((await get(path, { headers: { authorization: 'Bearer wrong' } })).status, 401, path)
  }
  assert.equal((await get('/metrics', { headers: { authorization: 'Bearer s3cret' } })).status, 200)
})

test('it does not open to other machines without a token, nor with an empty one', async () => {
  const rest = { port: 0, metrics: { render: () => '' }, feed: { snapshot: () => assert.fail() } }
  const gateway = {} as Parameters<typeof startAdmin>[0]
  await assert.rejects(startAdmin(gateway, { host: '0.0.0.0', ...rest }), /admin\.token/)
  await assert.rejects(startAdmin(gateway, { host: '127.0.0.1', token: '', ...rest }), /admin\.token/)
})

test('a taken port is an error that can be read', async (t) => {
  const { port } = await openHouse(t)
  await assert.rejects(openHouse(t, { port }), { code: 'EADDRINUSE' })
})

test('the page runs its own script and style and nothing else', async (t) => {
  const { get } = await openHouse(t)
  const { headers, text } = await get('/')
  const policy = String(headers['content-security-policy'])
  assert.match(
    policy,
    /^default-src 'none'; script-src 'sha256-[\w+/=]{44}'; style-src 'sha256-[\w+/=]{44}'; connect-src 'self'/,
  )
  assert.doesNotMatch(policy, /unsafe/)
  assert.doesNotThrow(() => new Script(/<script>(.*)<\/script>/s.exec(text)![1]!))
  assert.doesNotMatch(text, /\son\w+=|\sstyle=|innerHTML|https?:\/\/(?!www\.w3\.org)/)
})

test('closing ends the watchers and lets the port go', async (t) => {
  const house = await openHouse(t)
  const watcher = await watching(house.port)
  const ended = until(watcher, '\n\n', 2).catch((error: Error) => error.message)
  await house.close()
  assert.equal(await ended, 'The stream ended early.')
  await openHouse(t, { port: house.port })
})

function watching(port: number): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  httpGet({ host: '127.0.0.1', port, path: '/api/events', agent: false }, resolve).on('error', reject)
  return promise
}

/** Reads until the mark has come so many times. */
async function until(source: IncomingMessage, mark: string, times: number): Promise<string> {
  let text = ''
  for await (const chunk of source.setEncoding('utf8')) {
    text += chunk
    if (text.split(mark).length > times) return text
  }
  throw new Error('The stream ended early.')
}
