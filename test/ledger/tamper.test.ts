import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tamper } from './tamper.ts'

test('whichever byte of a ledger is changed, it is found', async () => {
  const { before, unseen } = await tamper(300, 1)
  assert.deepEqual(before, [], 'nothing is found where nothing was changed')
  assert.deepEqual(unseen, [])
})
