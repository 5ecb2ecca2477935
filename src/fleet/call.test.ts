import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NetFault, type Outbound } from '../core/world.ts'
import { callTo } from './call.ts'
import { answerOf, FakeWorld } from './fake-world.test-helper.ts'
import { settingsOf } from './settings.test-helper.ts'

test('it sends the key, the base path and the body, and reads the answer', async () => {
  const world = new FakeWorld()
  let sent: Outbound | undefined
  world.answer = (out) => {
    sent = out
    return Promise.resolve(answerOf(200, { ok: true }))
  }
  const call = callTo(settingsOf('box', { apiKey: 'secret', basePath: '/base' }), world, 3_000)
  const { status, json, text } = await call({ method: 'POST', path: '/x', body: { a: 1 } })
  assert.deepEqual({ status, json, text }, { status: 200, json: { ok: true }, text: '{"ok":true}' })
  assert.equal(sent!.path, '/base/x')
  assert.equal(Buffer.from(sent!.body!).toString(), '{"a":1}')
  assert.deepEqual(sent!.headers, [
    ['accept', 'application/json'],
    ['authorization', 'Bearer secret'],
    ['content-type', 'application/json'],
  ])
  assert.equal(world.sleeping, 0, 'no timer is left behind')
})

test('an error status is an answer, and what is no JSON is undefined', async () => {
  const world = new FakeWorld()
  world.answer = () => Promise.resolve(answerOf(503, '<html>busy</html>'))
  const { status, json, text } = await callTo(settingsOf('box'), world, 3_000)({ method: 'GET', path: '/' })
  assert.deepEqual({ status, json, text }, { status: 503, json: undefined, text: '<html>busy</html>' })
})

test('a server that does not answer is cut off in time', async () => {
  const world = new FakeWorld()
  world.answer = ({ signal }) =>
    new Promise((_, reject) => {
      signal!.addEventListener('abort', () => reject(new NetFault('aborted', 'aborted')))
    })
  const answer = assert.rejects(callTo(settingsOf('box'), world, 3_000)({ method: 'GET', path: '/' }), {
    name: 'NetFault',
    kind: 'timeout',
  })
  await world.advance(3_000)
  await answer
})

test('an answer without end is not read to its end', async () => {
  const world = new FakeWorld()
  let chunks = 0
  world.answer = () =>
    Promise.resolve({
      status: 200,
      headers: {},
      body: (async function* () {
        for (;;) {
          chunks += 1
          yield new Uint8Array(1_024 * 1_024)
        }
      })(),
    })
  await assert.rejects(callTo(settingsOf('box'), world, 3_000)({ method: 'GET', path: '/' }), { kind: 'framing' })
  assert.ok(chunks < 20)
})

test('it waits first where it is to look again later', async () => {
  const world = new FakeWorld()
  let sent = 0
  world.answer = () => {
    sent += 1
    return Promise.resolve(answerOf(200, {}))
  }
  const looked = callTo(settingsOf('box'), world, 3_000)({ method: 'GET', path: '/', afterMs: 250 })
  await world.settle()
  assert.equal(sent, 0)
  await world.advance(250)
  assert.equal((await looked).status, 200)
})
