import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { chat, configFor, model, ollama, serve } from './rig.ts'

/** Goes on for longer than anybody waits. */
const slow = {
  engine: {
    stepMs: [
      [1, 100],
      [9, 100],
    ],
  },
} as const

const messages = [{ role: 'user', content: 'Say 600 words.' }]

const post = (at: string, body: object): Promise<Response> =>
  fetch(at, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

const statusOf = async (url: string): Promise<number> => (await fetch(`${url}/readyz`)).status

test('what still runs when the time to end is over is told so in its own dialect, and the exit is a clean one', async (t) => {
  const config = configFor(await ollama(t, slow), 'timeouts: { drain: 400ms }\n')
  const { running, url } = await serve(t, config.replace('kind: ollama', 'kind: ollama, concurrency: 8'))
  const streams = await Promise.all([
    chat(url, { stream: true, messages }),
    post(`${url}/v1/messages`, { model, max_tokens: 900, stream: true, messages }),
    post(`${url}/api/chat`, { model, messages }),
    post(`${url}/v1/responses`, { model, stream: true, input: 'Say 600 words.' }),
  ])
  assert.deepEqual(new Set(streams.map(({ status }) => status)), new Set([200]))
  const texts = Promise.all(streams.map((stream) => stream.text()))
  running.child.kill('SIGTERM')
  const [openai, anthropic, ours, responses] = await texts
  const shut = /"code":"shutting_down"/
  assert.match(openai!.split('\n\n').at(-2)!, /^data: \{"error":\{.*"code":"shutting_down"/)
  assert.doesNotMatch(openai!, /\[DONE\]/)
  assert.match(anthropic!.split('\n\n').at(-2)!, /^event: error\ndata: \{"type":"error"/)
  assert.match(ours!.trimEnd().split('\n').at(-1)!, /^\{"error":/)
  assert.match(responses!, shut)
  assert.equal((await running.ended).code, 0)
})

test('from SIGTERM on a newcomer is told to come back elsewhere, on a connection that ends with that', async (t) => {
  const { running, url } = await serve(t, configFor(await ollama(t, slow), 'timeouts: { drain: 1s }\n'))
  const stream = await chat(url, { stream: true, messages })
  running.child.kill('SIGTERM')
  await running.says(/Ending\. Requests under way: 1\./)
  const refused = await chat(url)
  const { error } = (await refused.json()) as { error: { code: string } }
  const { headers } = refused
  assert.deepEqual([refused.status, error.code, headers.get('connection')], [503, 'shutting_down', 'close'])
  assert.match(headers.get('retry-after') ?? '', /^\d+$/)
  assert.equal(await statusOf(url), 503)
  await stream.text()
  assert.equal((await running.ended).code, 0)
})

test('who waits in line at SIGTERM is served if there is time', async (t) => {
  const oneAtATime = { engine: { ...slow.engine, stepMs: [[1, 20]], slots: 1 } } as const
  const { running, url } = await serve(
    t,
    configFor(await ollama(t, oneAtATime)).replace('kind: ollama', 'kind: ollama, concurrency: 1'),
  )
  const ask = (words: number): Promise<Response> =>
    chat(url, { stream: true, messages: [{ role: 'user', content: `Say ${words} words.` }] })
  const first = await ask(30)
  const second = ask(5)
  await new Promise((resolve) => setTimeout(resolve, 100))
  running.child.kill('SIGTERM')
  assert.match(await first.text(), /\[DONE\]/)
  assert.match(await (await second).text(), /\[DONE\]/)
  assert.equal((await running.ended).code, 0)
})

test('with a drain_delay requests are served on for a while, although readiness is off', async (t) => {
  const { running, url } = await serve(t, configFor(await ollama(t), 'timeouts: { drain_delay: 1s }\n'))
  running.child.kill('SIGTERM')
  await running.says(/Ending\./)
  assert.equal(await statusOf(url), 503)
  const answer = await chat(url)
  assert.deepEqual([answer.status, answer.headers.get('connection')], [200, 'close'])
  assert.equal((await running.ended).code, 0)
})

test('a connection on which nothing is asked does not hold up the end', async (t) => {
  const { running, url } = await serve(t, configFor(await ollama(t)))
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  running.child.kill('SIGTERM')
  const startedAt = performance.now()
  assert.equal((await running.ended).code, 0)
  assert.ok(performance.now() - startedAt < 10_000)
})
