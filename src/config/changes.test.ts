import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changedNames } from './changes.ts'

test('what changed is named two steps deep, and no value is told', () => {
  const before = {
    listen: '127.0.0.1:1',
    prices: { a: { input: 1 }, b: { input: 2 } },
    callers: [
      { name: 'ann', key: 'SECRET-1' },
      { name: 'bob', key: 'SECRET-2' },
    ],
    budget: { usd: 5, per: 'day' },
  }
  const after = {
    listen: '127.0.0.1:2',
    prices: { a: { input: 1 }, b: { input: 3 }, c: { input: 4 } },
    callers: [
      { name: 'bob', key: 'SECRET-3' },
      { name: 'cay', key: 'SECRET-4' },
    ],
    queue: { max: 3 },
    budget: { usd: 6, per: 'day' },
  }
  assert.deepEqual(changedNames(before, after), [
    'listen',
    'prices.b',
    'prices.c',
    'callers.ann',
    'callers.bob',
    'callers.cay',
    'budget.usd',
    'queue',
  ])
  assert.deepEqual(changedNames(before, structuredClone(before)), [])
})

test('of a hundred changes thirty are named', () => {
  const models = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`m${i}`, i]))
  const names = changedNames({ prices: {} }, { prices: models })
  assert.deepEqual([names.length, names.at(-1)], [31, 'and 70 more'])
})
