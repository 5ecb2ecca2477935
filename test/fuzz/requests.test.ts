import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertReach, campaign, grewMaxBytes } from './requests.fuzz.ts'

test('50,000 requests that are not what they should be, or as many as there is time for, are answered in the form of their API', async (t) => {
  const findings = await campaign({ count: 50_000, seed: 20_261_121, mostMs: 7_000 })
  t.diagnostic(JSON.stringify(findings))
  assert.ok(findings.count > 1_000, `${findings.count}`)
  assertReach(findings)
  assert.ok(findings.grewBytes < grewMaxBytes, `it grew by ${findings.grewBytes} bytes`)
})
