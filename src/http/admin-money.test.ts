import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openHouse } from '../../test/telemetry/admin-house.ts'
import type { CloudState } from '../core/notes.ts'
import type { ListedAudit } from '../ledger/jobs/audit.ts'

const switchThat = (set: (state: CloudState) => Promise<void>) => ({
  guardrails: { cloud: { state: undefined, set }, troubles: ['The machines are too few.'] },
})

test('how the budgets stand is told in exact amounts, with what is held and when each begins anew', async (t) => {
  const standing = { held: 1, from: 0, until: 86_400_000, alertAt: [] }
  const { get } = await openHouse(t, {
    money: {
      treasury: {
        isCloudOpen: true,
        standings: () => [
          { ...standing, account: 'gateway/day', counted: 'nano', limit: 20_000_000_000, spent: 5_000_000_001 },
          { ...standing, account: 'caller:ann/day', counted: 'tokens', limit: 0, spent: 0 },
        ],
      },
    },
  })
  const { json } = await get('/api/money')
  const span = { from: '1970-01-01T00:00:00.000Z', resets_at: '1970-01-02T00:00:00.000Z' }
  assert.deepEqual(json.budgets, [
    {
      account: 'gateway/day',
      unit: 'usd',
      limit: '20.00',
      spent: '5.000000001',
      held: '0.000000001',
      share: 0.2500000001,
      ...span,
    },
    { account: 'caller:ann/day', unit: 'tokens', limit: '0', spent: '0', held: '1', share: 1, ...span },
  ])
})

test('a ledger that cannot be read takes nothing else from the page', async (t) => {
  const { get } = await openHouse(t, { ledger: { report: () => Promise.reject(new Error('gone')) } })
  const { status, json } = await get('/api/money')
  assert.deepEqual([status, json.today, json.cloud.open], [200, null, true])
})

test('a page that asks again and again has the day added up once', async (t) => {
  let times = 0
  const report = () => {
    times += 1
    return Promise.resolve([])
  }
  const { get } = await openHouse(t, { ledger: { report } })
  for (let look = 0; look < 5; look += 1) await get('/api/money')
  assert.equal(times, 2)
})

test('the switch takes a word and a reason, with whose they are, and nothing else', async (t) => {
  const states: CloudState[] = []
  const set = (state: CloudState): Promise<void> => {
    states.push(state)
    return Promise.resolve()
  }
  const { get } = await openHouse(t, { money: switchThat(set), token: 'a-token-that-is-long' })
  const authorized = { authorization: 'Bearer a-token-that-is-long' }
  const ask = (body: string, headers: Record<string, string> = authorized) =>
    get('/api/cloud', { method: 'POST', body, headers })
  for (const body of [
    '',
    '{',
    'true',
    '{"open": "no"}',
    '{"open": 0}',
    '{"open": false, "now": true}',
    '{"open": false, "reason": 7}',
    JSON.stringify({ open: false, reason: 'x'.repeat(201) }),
  ])
    assert.equal((await ask(body)).status, 400, body)
  assert.equal((await ask('{"open": false}', {})).status, 401)
  assert.deepEqual(states, [])
  assert.equal((await ask('{"open": false, "reason": "the bill"}')).status, 200)
  assert.deepEqual(states, [{ open: false, reason: 'the bill', by: 'admin', from: '127.0.0.1', at: 1_700_000_000_000 }])
})

test('a switch that could not be written down says what counts and what does not', async (t) => {
  const { get } = await openHouse(t, { money: switchThat(() => Promise.reject(new Error('full'))) })
  const { status, json } = await get('/api/cloud', { method: 'POST', body: '{"open": false}' })
  assert.deepEqual([status, json.error.code], [503, 'ledger_unavailable'])
  assert.match(json.error.message, /^The cloud is closed at this gateway now\. The ledger cannot be written to/)
})

test('what is wrong with money is among the troubles', async (t) => {
  const { get } = await openHouse(t, { money: switchThat(() => Promise.resolve()) })
  const { json } = await get('/api/status')
  const trouble = { level: 'warn', about: 'money', upstream: null, text: 'The machines are too few.' }
  assert.deepEqual(json.troubles.at(-1), trouble)
})

test('the audit is asked for by date, kind and number, and any other question is refused', async (t) => {
  const asked: object[] = []
  const row: ListedAudit = {
    seq: 1,
    id: 'x',
    at: 0,
    uptimeMs: 5,
    actor: 'admin',
    action: 'key.create',
    subject: 'k',
    result: 'ok',
  }
  const audit = {
    add: () => Promise.resolve(),
    list: (query: object) => {
      asked.push(query)
      return Promise.resolve([row])
    },
  }
  const { get } = await openHouse(t, { audit })
  const { json } = await get('/api/audit?since=2026-01-31&until=2026-02-01T12:00:00Z&action=key.&limit=7')
  assert.deepEqual(asked, [
    { since: Date.UTC(2026, 0, 31), until: Date.UTC(2026, 1, 1, 12), actionPrefix: 'key.', most: 7 },
  ])
  assert.equal(json.rows[0].at, '1970-01-01T00:00:00.000Z')
  assert.equal(json.rows[0].source, null)
  for (const query of ['since=yesterday', 'limit=0', 'limit=1e9', 'limit=x', 'since=1', 'who=ann'])
    assert.equal((await get(`/api/audit?${query}`)).status, 400, query)
})
