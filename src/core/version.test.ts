import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isBelow } from './version.ts'

test('versions are compared by their numbers', () => {
  const pairs = [
    ['3.7.0', '3.51.3', true],
    ['3.51.3', '3.51.3', false],
    ['v24.9', '24.16.0', true],
    ['24', '24.0.0', false],
    ['0.12.6-rc1', '0.12.6', false],
  ] as const
  for (const [one, other, below] of pairs) assert.equal(isBelow(one, other), below, `${one} ${other}`)
})
