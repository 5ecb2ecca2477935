import assert from 'node:assert/strict'
import { test } from 'node:test'
import { retryAfterIn } from './retry-after.ts'

const now = Date.UTC(2026, 10, 21, 12)

test('how long a server wants to be left alone is read in seconds, in milliseconds and as a date', () => {
  assert.equal(retryAfterIn({ 'retry-after': '7' }, now), 7_000)
  assert.equal(retryAfterIn({ 'retry-after': '0.5' }, now), 500)
  assert.equal(retryAfterIn({ 'retry-after-ms': '1250' }, now), 1_250)
  assert.equal(retryAfterIn({ 'retry-after': '7', 'retry-after-ms': '6300' }, now), 6_300)
  assert.equal(retryAfterIn({ 'retry-after': 'Sat, 21 Nov 2026 12:00:20 GMT' }, now), 20_000)
})

test('a date is held against the date of the same answer, whatever our own clock says', () => {
  const headers = { 'retry-after': 'Sat, 21 Nov 2026 12:00:20 GMT', date: 'Sat, 21 Nov 2026 12:00:00 GMT' }
  for (const days of [-30, 0, 30]) assert.equal(retryAfterIn(headers, now + days * 86_400_000), 20_000)
  assert.equal(retryAfterIn({ ...headers, date: 'just now' }, now), 20_000)
})

test('a date that is over means a moment, a lifetime means an hour, and nonsense means nothing', () => {
  assert.equal(retryAfterIn({ 'retry-after': 'Sat, 21 Nov 2026 11:59:00 GMT' }, now), 1_000)
  assert.equal(retryAfterIn({ 'retry-after': '99999999999' }, now), 3_600_000)
  for (const text of ['', '0', '-3', 'soon', '1e9', '0x10'])
    assert.equal(retryAfterIn({ 'retry-after': text }, now), undefined, text)
  assert.equal(retryAfterIn({}, now), undefined)
})
