import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bySpelling, hasName } from './names.ts'

const known = new Map([
  ['Llama', 1],
  ['llama', 2],
  ['claude-*', 3],
  ['claude-haiku-*', 4],
  ['*', 5],
])

test('an exact name wins over one in small letters, and that over a pattern; of patterns the longest wins', () => {
  assert.deepEqual(
    ['Llama', 'LLAMA', 'claude-opus-4-8[1m]', 'Claude-Haiku-4-5-20251001', 'gpt-9'].map((name) =>
      bySpelling(known, name),
    ),
    [1, 2, 3, 4, 5],
  )
  assert.equal(bySpelling(new Map([['a*', 1]]), 'b'), undefined)
})

test('a list of names may have patterns, and no list has every name', () => {
  assert.ok(hasName(undefined, 'any') && hasName(new Set(['m']), 'm') && hasName(new Set(['claude-*']), 'claude-x'))
  assert.equal(hasName(new Set(['claude-*', 'm']), 'mm'), false)
})
