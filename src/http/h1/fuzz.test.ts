import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertReach, campaign } from '../../../test/fuzz/h1.fuzz.ts'

test('whatever bytes a server sends, they are an answer or a NetFault, and the same however they are cut', async () => {
  const findings = await campaign({ count: 3_000, seed: 20_261_121, socketEvery: 20 })
  assertReach(findings)
  assert.equal(findings.overSockets, 150)
})
