import assert from 'node:assert/strict'
import { type TestContext, suite, test } from 'node:test'
import { openDoor } from './fake-gateway.ts'
import { oddAsks, oddTargets, type OddRequest } from './odd-requests.ts'
import { RawClient } from './raw.ts'

/** Errors as the clients of each door read them. */
const formOf: Readonly<Record<string, (body: Record<string, unknown>) => boolean>> = {
  '/v1/chat/completions': ({ error }) => {
    const { message, type, code } = error as Record<string, unknown>
    return typeof message === 'string' && typeof type === 'string' && typeof code === 'string'
  },
  '/api/chat': ({ error }) => typeof error === 'string',
}

async function check(t: TestContext, { bytes, answered, stays, asks = 0 }: OddRequest, path: string): Promise<void> {
  const door = await openDoor(t)
  const client = new RawClient(door.port)
  t.after(() => client.close())
  client.send(bytes)
  const toHead = bytes.startsWith('HEAD ')
  for (const status of answered) {
    const answer = await client.answer({ toHead })
    assert.equal(answer?.status, status, answer?.body)
    if (status < 400) continue
    assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
    if (toHead) continue
    assert.ok(formOf[path]!(JSON.parse(answer.body) as Record<string, unknown>), answer.body)
    if (status === 405) assert.match(answer.headers['allow']!, /[A-Z]/)
  }
  if (stays) {
    client.send('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
    assert.equal((await client.answer())?.status, 200)
  } else {
    assert.equal(await client.ended(), '')
  }
  assert.equal(door.asks.length, asks)
  const refusals = door.events.filter(({ type }) => type === 'request-refused').length
  assert.equal(refusals, answered.filter((status) => status >= 400).length)
}

for (const path of Object.keys(formOf)) {
  suite(`at ${path}`, { concurrency: 16 }, () => {
    for (const request of oddAsks(path)) test(request.name, (t) => check(t, request, path))
  })
}

suite('anywhere', { concurrency: 16 }, () => {
  for (const request of oddTargets) test(request.name, (t) => check(t, request, '/v1/chat/completions'))
})

test('there are at least a hundred odd requests, and no two are the same', () => {
  const all = [...oddAsks('/x'), ...oddTargets].map(({ bytes }) => bytes)
  assert.ok(all.length >= 100)
  assert.equal(new Set(all).size, all.length)
})
