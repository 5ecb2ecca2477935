/** A gateway with more to do than it can: whoever looks after it is answered all the same. */
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { suite, test, type TestContext } from 'node:test'
import { model, type Stage, stage, until } from './rig.ts'

const waiting = 1_000
const knocking = 40
/** Far beyond what it takes, and far below what the queue takes. */
const withinMs = 1_500

const request = (priority: string, words: number): string => {
  const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: `Say ${words} words.` }] })
  return (
    'POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n' +
    `x-spillway-priority: ${priority}\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  )
}

/** Asks, and asks again as soon as it was refused. */
function knock(port: number, onRefused: () => void): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  socket.on('error', () => {})
  socket.on('connect', () => socket.write(request('batch', 3)))
  socket.on('data', (bytes) => {
    if (!bytes.toString('latin1').startsWith('HTTP/1.1 429')) return
    onRefused()
    socket.write(request('batch', 3))
  })
  return socket
}

interface Siege extends Stage {
  readonly refused: () => number
}

/** One place that is taken, a queue that is full, connections that are open and silent, and people who knock again and again. */
async function siege(t: TestContext): Promise<Siege> {
  const scene = await stage(t, 'vllm', {
    upstream: { concurrency: 1 },
    config: { queue: { max: waiting, patience: '5m' }, timeouts: { heartbeat: '1s' } },
    server: { engine: { slots: 1 } },
  })
  const port = Number(new URL(scene.url).port)
  const sockets: Socket[] = []
  t.after(() => sockets.forEach((socket) => socket.destroy()))
  const ask = (text: string): void => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.on('error', () => {})
    socket.resume()
    sockets.push(socket)
  }
  ask(request('default', 100_000))
  await until(() => scene.server.ledger.open === 1, 5_000, 'the server is busy')
  for (let at = 0; at < waiting; at += 1) ask(request('default', 3))
  await until(() => scene.gateway.waiting === waiting, 20_000, 'the queue is full')
  // Says only half of what it has to say.
  for (let at = 0; at < 300; at += 1) ask('POST /v1/chat/completions HTTP/1.1\r\nhost: ')
  let refused = 0
  for (let at = 0; at < knocking; at += 1) sockets.push(knock(port, () => (refused += 1)))
  await until(() => refused > knocking, 5_000, 'they knock')
  return { ...scene, refused: () => refused }
}

test('health, model lists, metrics and the admin API answer while every place is taken, the queue is full and people keep knocking', async (t) => {
  const scene = await siege(t)
  const doors = [
    [scene.url, '/healthz', /"ok":true/],
    [scene.url, '/readyz', /"ok":true/],
    [scene.url, '/v1/models', /llama3\.1:8b/],
    [scene.url, '/api/tags', /llama3\.1:8b/],
    [scene.adminUrl, '/metrics', new RegExp(`^spillway_queue_depth ${waiting}$`, 'm')],
    [scene.adminUrl, '/api/upstreams', /"vllm"/],
    [scene.adminUrl, '/api/asks', /queued/],
    [scene.adminUrl, '/', /<html/],
  ] as const
  const before = scene.refused()
  for (let round = 0; round < 3; round += 1) {
    for (const [url, path, says] of doors) {
      const startedAt = performance.now()
      const answer = await fetch(url + path)
      const text = await answer.text()
      const tookMs = performance.now() - startedAt
      assert.equal(answer.status, 200, path)
      assert.match(text, says)
      assert.ok(tookMs < withinMs, `${path} took ${Math.round(tookMs)} ms`)
    }
  }
  assert.equal(scene.gateway.waiting, waiting)
  assert.ok(scene.refused() > before, 'they knocked all the while')
})

suite('Saturated', () => {
  test('somebody urgent is let in, and one who is less so hears when to come back', async (t) => {
    const scene = await stage(t, 'vllm', {
      upstream: { concurrency: 1 },
      config: { queue: { max: 1, patience: '5m' } },
      server: { engine: { slots: 1 } },
    })
    const leaving = new AbortController()
    t.after(() => leaving.abort())
    const ask = (priority: string, words: number): Promise<Response> =>
      fetch(`${scene.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-spillway-priority': priority },
        body: JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: `Say ${words} words.` }] }),
        signal: leaving.signal,
      })
    const first = await ask('default', 1_000)
    const batch = ask('batch', 3)
    await until(() => scene.gateway.waiting === 1, 2_000, 'it waits')
    const urgent = ask('interactive', 3)
    const shed = await batch
    assert.equal(shed.status, 429)
    assert.ok(Number(shed.headers.get('retry-after')) >= 1)
    const { error } = (await shed.json()) as { error: { code: string; retry_after_ms: number } }
    assert.equal(error.code, 'queue_full')
    assert.equal(String(error.retry_after_ms), shed.headers.get('retry-after-ms'))
    await first.body!.cancel()
    assert.equal((await urgent).status, 200)
  })
})
