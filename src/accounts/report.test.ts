import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReportRow } from '../core/ledger.ts'
import { reportQuery } from './report-query.ts'
import { reportCsv, reportView } from './report.ts'

const period = reportQuery({ by: 'caller,model' }, { epochMs: Date.parse('2026-11-21T12:00:00Z'), timeZone: 'UTC' })

const row = (caller: string, changed: Partial<ReportRow> = {}): ReportRow => ({
  of: { caller, model: 'llama3.1:8b' },
  requests: 4,
  failed: 1,
  spilled: 1,
  estimated: 0,
  inputTokens: 1_000,
  outputTokens: 200,
  cachedTokens: 50,
  gpuMs: 12_345,
  nano: 1_234_567_891,
  savedNano: 3,
  ...changed,
})

test('a report for programs has its keys and its figures in each row, and dollars also as they are counted', () => {
  const view = reportView([row('chat-ui'), row('jobs', { nano: 0, requests: 0, spilled: 0 })], period) as {
    rows: readonly object[]
    total: Record<string, number>
  }
  assert.deepEqual(view.rows[0], {
    caller: 'chat-ui',
    model: 'llama3.1:8b',
    requests: 4,
    failed: 1,
    spilled: 1,
    estimated: 0,
    input_tokens: 1_000,
    output_tokens: 200,
    cached_tokens: 50,
    gpu_seconds: 12.345,
    usd: 1.234567891,
    usd_nano: 1_234_567_891,
    saved_usd: 3e-9,
    saved_usd_nano: 3,
    spilled_share: 0.25,
  })
  assert.deepEqual(
    [view.total['requests'], view.total['input_tokens'], view.total['usd_nano']],
    [4, 2_000, 1_234_567_891],
  )
})

test('nothing at all adds up to nothing', () => {
  const { rows, total } = reportView([], period) as { rows: readonly object[]; total: Record<string, number> }
  assert.deepEqual(rows, [])
  assert.deepEqual(new Set(Object.values(total)), new Set([0]))
})

test('a report for spreadsheets has a line for each row, and figures that are written out', () => {
  const [head, line, rest] = reportCsv([row('chat-ui')], period).split('\r\n')
  assert.match(head!, /^caller,model,requests,failed,/)
  assert.equal(line, 'chat-ui,llama3.1:8b,4,1,1,0,1000,200,50,12.345,1.234567891,1234567891,0.000000003,3,0.25')
  assert.equal(rest, '')
})

test('a name in a report for spreadsheets is neither a formula nor the end of its cell', () => {
  const first = (caller: string): string => {
    const csv = reportCsv([row(caller)], period)
    return csv.slice(csv.indexOf('\r\n') + 2, csv.indexOf(',llama3.1:8b'))
  }
  assert.equal(first('=HYPERLINK("http://x","y")'), `"'=HYPERLINK(""http://x"",""y"")"`)
  for (const sign of ['+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', ' =1', '＝1']) assert.match(first(sign), /^"'/)
  assert.equal(first('a,b'), '"a,b"')
  assert.equal(first('a"b'), '"a""b"')
  assert.equal(first('a\r\nb'), '"a\r\nb"')
  assert.equal(first("o'neill"), `"o'neill"`)
  assert.equal(first('a-b=c'), 'a-b=c')
})
