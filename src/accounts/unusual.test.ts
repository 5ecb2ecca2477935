import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReportQuery, ReportRow } from '../core/ledger.ts'
import { unusualSpending, unusualText } from './unusual.ts'

const hour = 3_600_000
const now = Date.UTC(2026, 5, 10, 12)

const row = (caller: string, nano: number): ReportRow => ({
  of: { caller },
  requests: 1,
  failed: 0,
  spilled: 0,
  estimated: 0,
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  gpuMs: 0,
  nano,
  savedNano: 0,
})

/** Spent by one caller in the last hour, and in that of each day before. */
const ledgerOf = (...nanoByDay: readonly number[]) => ({
  report: ({ since = 0, until = 0 }: ReportQuery) => {
    assert.equal(until - since, hour)
    return Promise.resolve([row('chat-ui', nanoByDay[(now - until) / (24 * hour)] ?? 0)])
  },
})

const cents = 10_000_000

test('who spends five times as much as usual at this time of day is told of', async () => {
  const [found] = await unusualSpending(ledgerOf(50 * cents, 9 * cents, 11 * cents, 10 * cents, 9 * cents), now)
  assert.equal(unusualText(found!), 'chat-ui spent $0.5000 in the last hour; at this time of day $0.1000 is usual.')
})

test('one day that was as bad does not make it usual', async () => {
  const found = await unusualSpending(ledgerOf(50 * cents, 1 * cents, 90 * cents, 1 * cents, 1 * cents), now)
  assert.equal(found.length, 1)
})

test('nobody is told of without a habit, below five times as much, or for pennies', async () => {
  for (const days of [
    [50 * cents],
    [50 * cents, cents, cents, cents],
    [49 * cents, 10 * cents, 10 * cents, 10 * cents, 10 * cents],
    [4 * cents, 1, 1, 1, 1, 1, 1, 1],
  ])
    assert.deepEqual(await unusualSpending(ledgerOf(...days), now), [], String(days))
})
