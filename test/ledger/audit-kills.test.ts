import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killOperators } from './audit-kills.ts'

test('whatever an operator was told is done has one line in the audit, though the program was killed again and again', async (t) => {
  const { kills, said, wrong } = await killOperators(150, 1)
  t.diagnostic(`${said} changes, ${kills} kills`)
  assert.deepEqual(wrong, [])
})
