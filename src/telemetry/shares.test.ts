import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withoutFree } from './shares.ts'

test('memory that is free within the process keeps nobody out, except near the end', () => {
  assert.equal(withoutFree(0.96, 0.3), 0.91)
  assert.equal(withoutFree(0.96, 0.1), 0.96)
  assert.equal(withoutFree(0.985, 0.5), 0.985)
  assert.equal(withoutFree(0.5, 0.4), 0.5)
})
