import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adviceFor, caution, verdictOn } from './advice.ts'
import type { Measures } from './measures.ts'
import { more, without } from './plan.ts'

const measures = (over: Partial<Measures> & { spill?: number; p95?: number }): Measures => ({
  requests: 1_000,
  answered: 1_000,
  refused: 0,
  refusals: {},
  failed: 0,
  left: 0,
  spilled: { requests: over.spill ?? 0, tokens: over.spill ?? 0 },
  streamed: 1_000,
  waitMs: { p50: 0, p95: 0, p99: 0 },
  firstTokenMs: { p50: 100, p95: over.p95 ?? 500, p99: 900 },
  tokensPerSecond: 10,
  usd: 0,
  usdPerDay: 0,
  ...over,
})

const second = { type: 'more', upstream: 'gpu-1', change: more('gpu-1', 1) } as const

test('a second server is advised with what it cuts, what it saves, and when it has paid for itself', () => {
  const before = measures({ spill: 0.18, usdPerDay: 40 })
  const after = measures({ spill: 0.03, usdPerDay: 3.6 })
  assert.equal(
    adviceFor(second, { before, after, alike: 1, machineUsd: 1_500 })!.text,
    'A second gpu-1 would cut spill from 18 % to 3.0 %, saves $36.40 a day, and pays for itself in 41 days at $1,500.',
  )
  assert.equal(
    adviceFor(second, { before, after, alike: 2, machineUsd: undefined })!.text,
    'A third gpu-1 would cut spill from 18 % to 3.0 %, and saves $36.40 a day: in a year, as much as a machine of $13,286.',
  )
})

test('what makes no difference is not advised, and what saves nothing is not said to', () => {
  const same = measures({ spill: 0.05 })
  assert.equal(adviceFor(second, { before: same, after: same, alike: 1, machineUsd: 1_500 }), undefined)
  const text = adviceFor(second, { before: measures({ p95: 4_000 }), after: same, alike: 1, machineUsd: 1_500 })!.text
  assert.equal(text, 'A second gpu-1 would cut the p95 of first tokens from 4.0 s to 500 ms, and saves no money.')
})

test('a server is said to be hardly needed only where nobody would miss it', () => {
  const fewer = { type: 'fewer', upstream: 'gpu-2', busy: 0.04, change: without('gpu-2') } as const
  const parts = { before: measures({}), alike: 0, machineUsd: undefined }
  assert.match(
    adviceFor(fewer, { ...parts, after: measures({ p95: 550 }) })!.text,
    /^gpu-2 is hardly needed: .* 4\.0 % of the time/,
  )
  assert.equal(adviceFor(fewer, { ...parts, after: measures({ p95: 2_000 }) }), undefined)
  assert.equal(adviceFor(fewer, { ...parts, after: measures({ refused: 20 }) }), undefined)
  assert.equal(adviceFor(fewer, { ...parts, after: measures({ spill: 0.1 }) }), undefined)
})

test('a plan is judged by what callers notice and by what it costs', () => {
  const before = measures({ spill: 0.12, usdPerDay: 6 })
  const after = measures({ spill: 0.02, usdPerDay: 1 })
  const parts = { title: 'with 2 more gpu-1', before, after, machines: 2, machineUsd: 1_000 }
  assert.equal(
    verdictOn(parts),
    'With 2 more gpu-1, spill is 2.0 % instead of 12 %; a day costs $5.00 less, which pays $2,000 in 400 days.',
  )
  assert.match(verdictOn({ ...parts, machineUsd: 9_000 }), /which pays \$18,000 in 9\.9 years\.$/)
  assert.equal(verdictOn({ ...parts, after: before }), 'With 2 more gpu-1, nothing changes that callers would notice.')
})

test('of less than a day it is said how little that is', () => {
  assert.match(caution(61_000)!, /from 61 seconds of requests/)
  assert.match(caution(95_000)!, /from 2 minutes of requests/)
  assert.match(caution(3_600_000)!, /from 60 minutes of requests/)
  assert.match(caution(4 * 3_600_000)!, /from 4\.0 hours of requests/)
  assert.equal(caution(86_400_000), undefined)
})
