import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Prefix } from '../core/prefix.ts'
import { BlockNumbers } from './blocks.ts'

/** Marks at these many thousands of characters, of a prompt of so many. */
const prefixOf = (
  marks: readonly number[],
  ends: readonly number[] = marks.map((_, i) => i + 1),
  length = 100,
): Prefix => ({
  marks: Int32Array.from(marks),
  share: (blocks) => (blocks === 0 ? 0 : ends[blocks - 1]! / length),
})

test('equal text has equal numbers, and what is new has those that nobody has', () => {
  const numbers = new BlockNumbers()
  assert.deepEqual(numbers.of(prefixOf([7, 8, 9])), [0, 1, 2])
  assert.deepEqual(numbers.of(prefixOf([7, 8, -4, 5])), [0, 1, 3, 4])
  assert.deepEqual(numbers.of(prefixOf([7, 8, 9, 1])), [0, 1, 2, 5])
})

test('a mark of a longer piece stands for as many blocks as it is long', () => {
  const numbers = new BlockNumbers()
  assert.deepEqual(numbers.of(prefixOf([1, 2, 3], [1, 2, 5])), [0, 1, 2, 3, 4])
  assert.deepEqual(numbers.of(prefixOf([1, 2, 4], [1, 2, 5], 2_000)), [0, 1, 5, 6, 7])
})

test('numbers that begin anew say nothing of what they were before', () => {
  const numbers = new BlockNumbers()
  numbers.of(prefixOf([1, 2]))
  numbers.restart()
  assert.deepEqual(numbers.of(prefixOf([2, 1])), [0, 1])
})

test('what comes again and again is known among any number of others, and no number is given twice', () => {
  const numbers = new BlockNumbers()
  const given = new Set<number>()
  for (let round = 0; round < 100; round += 1) {
    assert.deepEqual(numbers.of(prefixOf([1])), [0], `round ${round}`)
    for (const number of numbers.of(prefixOf(Array.from({ length: 1_000 }, (_, i) => 2 + round * 1_000 + i)))) {
      assert.ok(!given.has(number))
      given.add(number)
    }
  }
})
