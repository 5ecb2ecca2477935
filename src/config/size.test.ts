import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSize } from './size.ts'

test('a size is a number of bytes, or one with a unit', () => {
  const sizes: readonly (readonly [string | number, number])[] = [
    [1_000, 1_000],
    ['1000', 1_000],
    ['64KB', 65_536],
    ['64 kib', 65_536],
    ['32MB', 33_554_432],
    ['32m', 33_554_432],
    ['1.5GB', 1_610_612_736],
    ['7b', 7],
  ]
  for (const [written, bytes] of sizes) assert.equal(readSize(written), bytes, String(written))
})

test('what is no size is none', () => {
  for (const written of ['', 'MB', '-1', '1 XB', '1ib', '1 MBs', '1e3', 'auto', -1, 1.5, NaN, Infinity])
    assert.equal(readSize(written), undefined, String(written))
})
