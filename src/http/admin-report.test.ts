import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openHouse } from '../../test/telemetry/admin-house.ts'
import { injections } from '../accounts/injections.test-helper.ts'
import type { ReportQuery } from '../core/ledger.ts'
import { entryOf } from '../ledger/entries.test-helper.ts'
import { MemoryLedger } from '../ledger/memory.ts'

/** As the house has it: 14 November 2023, 22:13 in UTC. */
const now = 1_700_000_000_000

function ledgerOfToday(): MemoryLedger {
  const ledger = new MemoryLedger()
  void ledger.close(entryOf('a', { at: now - 5_000, caller: 'ui', savedNano: 2_000_000 }))
  void ledger.close(entryOf('b', { at: now - 4_000, caller: 'ui', fault: 'upstream_error' }))
  void ledger.close(entryOf('c', { at: now - 3_000, caller: 'jobs', nano: 1_500_000_000 }))
  void ledger.close(entryOf('d', { at: now - 40 * 86_400_000, caller: 'long-ago' }))
  return ledger
}

test('a report has a row for each that differs by what was asked for, dollars as a number and to the last billionth', async (t) => {
  const { get } = await openHouse(t, { ledger: ledgerOfToday() })
  const { status, json } = await get('/api/report?by=caller,model,day')
  assert.equal(status, 200)
  assert.deepEqual([json.by, json.time_zone, json.until], [['caller', 'model', 'day'], 'UTC', null])
  assert.deepEqual(json.rows, [
    {
      caller: 'ui',
      model: 'llama3.1:8b',
      day: '2023-11-14',
      requests: 2,
      failed: 1,
      spilled: 0,
      estimated: 0,
      input_tokens: 40,
      output_tokens: 60,
      cached_tokens: 0,
      gpu_seconds: 1.8,
      usd: 0,
      usd_nano: 0,
      saved_usd: 0.002,
      saved_usd_nano: 2_000_000,
      spilled_share: 0,
    },
    {
      caller: 'jobs',
      model: 'llama3.1:8b',
      day: '2023-11-14',
      requests: 1,
      failed: 0,
      spilled: 0,
      estimated: 0,
      input_tokens: 20,
      output_tokens: 30,
      cached_tokens: 0,
      gpu_seconds: 0.9,
      usd: 1.5,
      usd_nano: 1_500_000_000,
      saved_usd: 0,
      saved_usd_nano: 0,
      spilled_share: 0,
    },
  ])
  assert.deepEqual([json.total.requests, json.total.usd], [3, 1.5])
})

test('a report is of one caller and of one time, if that is asked for', async (t) => {
  const { get } = await openHouse(t, { ledger: ledgerOfToday() })
  const callers = async (query: string): Promise<string[]> =>
    (await get(`/api/report?by=caller&${query}`)).json.rows.map(({ caller }: { caller: string }) => caller)
  assert.deepEqual(await callers('caller=long-ago&since=60d'), ['long-ago'])
  assert.deepEqual(await callers('until=2023-11-13&since=2023-01-01'), ['long-ago'])
})

test('what is not known in a report is a 400 that says what is, and never reaches the ledger', async (t) => {
  const asked: ReportQuery[] = []
  const ledger = {
    report: async (query: ReportQuery) => {
      asked.push(query)
      return []
    },
  }
  const { get } = await openHouse(t, { ledger })
  for (const text of injections) {
    const written = encodeURIComponent(text)
    for (const name of ['by', 'since', 'until', written]) {
      const { status, json } = await get(`/api/report?${name}=${written}`)
      assert.equal(status, 400, `${name}=${text}`)
      assert.equal(json.error.code, 'invalid_request')
    }
  }
  assert.equal((await get('/api/report?by=day&by=caller')).status, 400)
  assert.equal((await get('/api/report?model=x')).json.error.message.includes('"model" is none of them'), true)
  assert.deepEqual(asked, [])
  for (const text of injections) assert.equal((await get(`/api/report?caller=${encodeURIComponent(text)}`)).status, 200)
  assert.deepEqual(
    asked.map(({ caller }) => caller),
    injections,
  )
})

test('a ledger that cannot be read is a 503 that says so, without what the database says', async (t) => {
  const report = async (): Promise<never> => Promise.reject(new Error('SQLITE_BUSY at /srv/somebody'))
  const { get } = await openHouse(t, { ledger: { report } })
  const { status, json, text } = await get('/api/report')
  assert.deepEqual([status, json.error.code], [503, 'ledger_unavailable'])
  assert.doesNotMatch(text, /SQLITE|somebody/)
})

test('prices are told of servers that cost money, and of no other', async (t) => {
  const { get } = await openHouse(t)
  const { json } = await get('/api/prices')
  assert.match(json.day, /^20\d\d-\d\d-\d\d$/)
  assert.deepEqual(json.prices, [])
})
