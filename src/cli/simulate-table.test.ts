import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import type { Column } from '../planning/columns.ts'
import type { Comparison } from '../planning/compare.ts'
import { comparisonLines } from './simulate-table.ts'

const column = (id: Column['id'], name: string, streamed: number): Column => {
  const times = { p50: 958, p95: 9_100, p99: 22_400 }
  const all = {
    requests: 360,
    answered: 357,
    refused: 0,
    refusals: {},
    failed: 0,
    left: 3,
    spilled: { requests: 0.12, tokens: 0.15 },
    waitMs: times,
    streamed,
    firstTokenMs: times,
    tokensPerSecond: 36.6,
    usd: 0.25,
    usdPerDay: 6.07,
  }
  return { id, name, all, callers: { chat: all } }
}

const compared = (streamed: number, differences: Comparison['differences']): Comparison => ({
  requests: 360,
  beganAt: 0,
  spellMs: 3_600_000,
  columns: [
    column('recorded', 'as recorded', streamed),
    column('as-it-was', 'simulated as it was', streamed),
    column('changed', 'simulated with 1 more workstation', streamed),
  ],
  differences,
  verdict: undefined,
  advice: [],
  caution: undefined,
  remarks: [],
  assumed: [],
})

test('three columns stand side by side on a wide screen, and are not torn on a narrow one', () => {
  const wide = comparisonLines(compared(357, []), 160).map(stripVTControlCharacters)
  assert.ok(wide.some((line) => /^first token p50 \/ p95 \/ p99 +958 ms \/ 9\.1 s \/ 22\.4 s {3}/.test(line)))
  const all = comparisonLines(compared(357, []), 80).map(stripVTControlCharacters)
  const narrow = all.slice(
    0,
    all.findIndex((line) => line.startsWith('What was simulated')),
  )
  for (const line of narrow) assert.ok(line.length <= 80, line)
  const text = narrow.join('\n')
  assert.match(text, /^first token p50 +958 ms +958 ms +958 ms\n {2}p95 +9\.1 s +9\.1 s +9\.1 s\n {2}p99 +22\.4 s/m)
  assert.match(text, /^ {2}first token p50 +958 ms.*\n {4}p95 +9\.1 s/m)
  assert.match(text, /simulated with 1\n.*more workstation\n/)
})

test('an answer that nobody streamed has no first token, and of too few nobody says that they agree', () => {
  const none = comparisonLines(compared(0, undefined), 160).map(stripVTControlCharacters).join('\n')
  assert.match(none, /^first token p50 \/ p95 \/ p99 +– +– +–$/m)
  assert.match(none, /Too few to compare: .* takes 30 streamed answers, and the recording has 0\./)
  assert.doesNotMatch(none, /agrees/)
})
