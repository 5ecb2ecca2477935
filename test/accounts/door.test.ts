import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { startDoor } from '../../src/http/server.ts'
import { servesWhole, sky, type Stage, stage } from './stage.ts'

interface Open extends Stage {
  readonly post: (headers?: Readonly<Record<string, string>>, over?: object) => Promise<Response>
}

/** A door on the whole gateway, whose only server costs money. */
async function open(context: TestContext, budgetNano: number): Promise<Open> {
  const budgets = [{ per: 'day', nano: budgetNano, alertAt: [] } as const]
  const { on, ledger } = stage({ sky: sky(servesWhole) }, undefined, { budgets })
  const door = await startDoor(on.gateway, { host: '127.0.0.1', port: 0 })
  context.after(() => door.close(0))
  const body = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 1_000 }
  const post = (headers: Readonly<Record<string, string>> = {}, over: object = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${door.address.port}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ ...body, ...over }),
    })
  return { on, ledger, post }
}

test('who sends the same id again pays again', async (context) => {
  const { post, ledger } = await open(context, 1_000_000_000)
  for (let times = 0; times < 3; times += 1) {
    const response = await post({ 'x-request-id': 'the-same' })
    assert.deepEqual([response.status, response.headers.get('x-request-id')], [200, 'the-same'])
    await response.text()
  }
  assert.equal(ledger.entries.length, 3)
})

test('a request of ours has one id, for its caller and in the ledger', async (context) => {
  const { post, ledger } = await open(context, 1_000_000_000)
  const response = await post()
  await response.text()
  assert.equal(ledger.entries[0]?.id, response.headers.get('x-request-id'))
})

test('x-spillway-clamp: never is rather refused than cut', async (context) => {
  const { post, on } = await open(context, 3_000_000)
  const refused = await post({ 'x-spillway-clamp': 'never' })
  assert.equal(refused.status, 413)
  await refused.text()
  const cut = await post()
  assert.equal(cut.status, 200)
  await cut.text()
  assert.equal(on.heard.get('sky')!.length, 1)
})

test('a spent budget is a 429 in the form of the dialect, with the time until it begins anew', async (context) => {
  const { post } = await open(context, 0)
  const response = await post()
  const { error } = (await response.json()) as { error: { code: string; message: string } }
  assert.equal(response.status, 429)
  assert.equal(error.code, 'budget_exceeded')
  assert.match(error.message, /this gateway for this day .*begins anew at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/)
  const seconds = Number(response.headers.get('retry-after'))
  assert.ok(seconds >= 1 && seconds <= 25 * 3_600)
})
