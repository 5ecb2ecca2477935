import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { type Answer, type House, openHouse } from '../../test/telemetry/admin-house.ts'
import { KeyHouse } from '../keys/keys.test-helper.ts'

const token = 'a-token-of-the-operator'
const authorization = `Bearer ${token}`

interface Port extends House {
  readonly keys: KeyHouse
  readonly send: (method: string, path: string, body?: unknown) => Promise<Answer>
}

async function port(t: TestContext): Promise<Port> {
  const keys = new KeyHouse(t)
  const house = await openHouse(t, { keys: keys.desk(), token })
  const send = (method: string, path: string, body?: unknown): Promise<Answer> =>
    house.get(path, {
      method,
      headers: { authorization },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  return { ...house, keys, send }
}

suite('Keys over the admin API', () => {
  test('are made, listed, changed, replaced and taken back, and shown once', async (t) => {
    const { send } = await port(t)
    const made = await send('POST', '/api/keys', { name: 'chat-ui', models: ['small'], expires: '30d' })
    assert.equal(made.status, 201)
    const { id, key } = made.json
    assert.match(key, new RegExp(`^sk-sw-live-${id}-`))
    const changed = await send('PATCH', `/api/keys/${id}`, { models: null, weight: 2, expires: null })
    assert.deepEqual(
      [changed.status, changed.json.models, changed.json.weight, changed.json.expires_at],
      [200, undefined, 2, null],
    )
    const rotated = await send('POST', `/api/keys/${id}/rotate`)
    assert.equal(rotated.json.old_secret_until, '2026-11-22T12:00:00Z')
    assert.notEqual(rotated.json.key, key)
    const revoked = await send('DELETE', `/api/keys/${id}`)
    assert.deepEqual([revoked.status, revoked.json.state], [200, 'revoked'])
    const listed = await send('GET', '/api/keys')
    assert.deepEqual(listed.json.keys, [revoked.json])
    for (const { text } of [changed, revoked, listed, await send('GET', `/api/keys/${id}`)])
      for (const secret of [key, rotated.json.key]) assert.ok(!text.includes(secret.slice(20)))
  })

  test('are not made of what means nothing, and it is said what', async (t) => {
    const { send } = await port(t)
    for (const [body, message] of [
      [{}, /^name: is missing/],
      [{ name: 'x', budget: { usd: 5 } }, /^budget.per: is missing/],
      [{ name: 'x', budgets: 5 }, /^budgets: there is no such key; did you mean "budget"/],
      [{ name: 'x', limits: { requests_per_minute: -1 } }, /^limits.requests_per_minute: has to be at least 1/],
      [{ name: 'x', expires: '2020-01-01' }, /^expires: is over already/],
      [{ name: 'x', expires: 'soon' }, /^expires: is no time/],
      [{ name: 'x', addresses: ['everywhere'] }, /^addresses\[0\]: is no address and no network/],
      [{ name: 'x', team: 'nobodies' }, /^team: there is no such team/],
      [{ name: 'x', env: 'Prod' }, /^env: has to be 1 to 12 small letters/],
      [{ name: 'x\n', cloud: 'sometimes' }, /^cloud: has to be allowed or never.*name: goes into headers/],
      ['{"name":"x","weight":1e999}', /^weight: has to be a number/],
      ['["x"]', /JSON object/],
      ['', /empty/],
    ] as const) {
      const { status, json } = await send('POST', '/api/keys', body)
      assert.equal(status, 400, JSON.stringify(body))
      assert.match(json.error.message, message)
    }
    assert.deepEqual((await send('GET', '/api/keys')).json.keys, [])
  })

  test('that are not there are told so, whatever is in the id', async (t) => {
    const { send } = await port(t)
    for (const id of ['00000000', "x'--", '%27%20OR%201=1', 'x'.repeat(500)]) {
      for (const [method, path, body] of [
        ['GET', '', undefined],
        ['PATCH', '', {}],
        ['DELETE', '', undefined],
        ['POST', '/rotate', {}],
      ] as const) {
        const { status, json } = await send(method, `/api/keys/${id}${path}`, body)
        assert.ok([400, 404].includes(status), `${method} ${id}: ${status}`)
        assert.ok(['key_not_found', 'invalid_request'].includes(json.error.code))
      }
    }
  })

  test('are of no concern to whoever has no token, and a path takes its own methods only', async (t) => {
    const { get, send } = await port(t)
    for (const method of ['GET', 'POST', 'PATCH', 'DELETE']) {
      for (const path of ['/api/keys', '/api/keys/00000000', '/api/keys/00000000/rotate'])
        assert.equal((await get(path, { method })).status, 401)
    }
    const { status, headers } = await send('DELETE', '/api/keys')
    assert.deepEqual([status, headers['allow']], [405, 'GET, POST'])
    assert.equal((await send('PUT', '/api/keys/00000000')).headers['allow'], 'GET, PATCH, DELETE')
  })
})

test('T22: after ten wrong tokens even the right one is not heard for a minute', async (t) => {
  const { get } = await openHouse(t, { token })
  for (let n = 0; n < 10; n += 1) {
    assert.equal((await get('/api/asks')).status, 401, 'to come without one is not to guess')
    assert.equal((await get('/api/asks', { headers: { authorization: `Bearer guess-${n}` } })).status, 401)
  }
  for (const headers of [{ authorization: 'Bearer guess' }, { authorization }, undefined]) {
    const refused = await get('/api/asks', headers && { headers })
    assert.deepEqual([refused.status, refused.json.error.code], [429, 'too_many_tries'])
    assert.equal(refused.headers['retry-after'], '60')
  }
  assert.equal((await get('/')).status, 200, 'the page asks for the token')
})
