import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyOf, moneyHouse } from '../e2e/budgets-house.ts'
import { onDisk, rushes } from './rush.ts'

/** Of 500 at once on money for 10, exactly 10 are let out: wherever the ledger is, and however they come. */

test('ten are let out with a ledger on the disk', async () => {
  await rushes(await onDisk(1), 10)
})

test('ten are let out of two gateways that share one', async () => {
  await rushes(await onDisk(2), 5)
})

test('ten are let out that come over 500 sockets', async (t) => {
  const ann = { name: 'ann', key: keyOf('ann'), budget: { usd: 0.105, per: 'month' as const }, clamp: false }
  const { url, clouds, billsOf, rowOf } = await moneyHouse(t, { callers: [{ ...ann, patience: '0s' }] })
  const body = JSON.stringify({
    model: 'gpt',
    messages: [{ role: 'user', content: 'Say 1000 words.' }],
    max_tokens: 1_000,
  })
  const headers = { authorization: `Bearer ${ann.key}` }
  const statuses = await Promise.all(
    Array.from({ length: 500 }, async () => {
      const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body })
      const { error } = (await response.json()) as { error?: { code: string } }
      return error?.code ?? response.status
    }),
  )
  assert.equal(statuses.filter((status) => status === 200).length, 10)
  assert.equal(statuses.filter((status) => status === 'budget_exceeded').length, 490)
  assert.equal(clouds.gpt.heard.length, 10)
  assert.equal((await rowOf('ann', 10)).usd_nano, billsOf('gpt'))
})
