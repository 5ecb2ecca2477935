/** What becomes of those who had a key when it was taken back. */
import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { once } from 'node:events'
import { test } from 'node:test'
import { endless, model, until } from '../e2e/rig.ts'
import { type KeyedHouse, keyedHouse } from './house.ts'

const ask = ({ url }: KeyedHouse, key: string, content: string, more: object = {}, signal?: AbortSignal) =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model, messages: [{ role: 'user', content }], ...more }),
    signal: signal ?? null,
  })

test('T36: an answer that runs when its key is taken back ends whole; who waits in line, and who comes, is refused', async (t) => {
  const house = await keyedHouse(t, {
    queue: { patience: '1m' },
    callers: [{ name: 'other', key: 'other' }],
  })
  const { key, id } = await house.make({ name: 'chat-ui' })
  const running = await ask(house, key, 'Say 400 words.', { stream: true })
  assert.equal(running.status, 200)
  const full = new AbortController()
  t.after(() => full.abort())
  // The other places are taken by somebody who has all the time in the world.
  for (let places = 0; places < 15; places += 1) ask(house, 'other', endless, {}, full.signal).catch(() => {})
  await until(() => house.server.ledger.open === 16, 5_000, 'all places are taken')
  const waiting = ask(house, key, 'Say 2 words.')
  await until(() => house.gateway.waiting === 1, 5_000, 'one waits')
  const heard = house.server.requests.length
  assert.equal((await house.admin('DELETE', `/api/keys/${id}`)).status, 200)
  assert.equal((await ask(house, key, 'Say 2 words.')).status, 401)
  const text = await running.text()
  assert.match(text, /data: \[DONE\]\s*$/)
  const refused = await waiting
  assert.deepEqual([refused.status, house.server.requests.length], [401, heard], 'no server hears of it')
})

test('CVE-2026-44553 of others: a connection that stays open does not keep a key alive', async (t) => {
  const house = await keyedHouse(t)
  const { key, id } = await house.make({ name: 'chat-ui' })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  const sockets = new Set<unknown>()
  const status = async (): Promise<number> => {
    const asked = request(`${house.url}/v1/models`, { agent, headers: { authorization: `Bearer ${key}` } }).end()
    const [response] = await once(asked, 'response')
    sockets.add(asked.socket)
    response.resume()
    await once(response, 'end')
    return response.statusCode
  }
  assert.equal(await status(), 200)
  await house.admin('DELETE', `/api/keys/${id}`)
  assert.deepEqual([await status(), sockets.size], [401, 1])
})
