import type { ReportRow } from '../core/ledger.ts'
import { nanoPerDollar } from '../core/money.ts'
import type { Period } from './report-query.ts'

/** Everything that was asked for, as one line more. */
export function totalOf(rows: readonly ReportRow[]): ReportRow {
  const sum = (count: (row: ReportRow) => number): number => rows.reduce((all, row) => all + count(row), 0)
  return {
    of: {},
    requests: sum(({ requests }) => requests),
    failed: sum(({ failed }) => failed),
    spilled: sum(({ spilled }) => spilled),
    estimated: sum(({ estimated }) => estimated),
    inputTokens: sum(({ inputTokens }) => inputTokens),
    outputTokens: sum(({ outputTokens }) => outputTokens),
    cachedTokens: sum(({ cachedTokens }) => cachedTokens),
    gpuMs: sum(({ gpuMs }) => gpuMs),
    nano: sum(({ nano }) => nano),
    savedNano: sum(({ savedNano }) => savedNano),
  }
}

/** Of all requests, those that went to a costlier server although a cheaper one has the model. */
export const spilledShare = ({ spilled, requests }: ReportRow): number => (requests === 0 ? 0 : spilled / requests)

/** The figures of a row for programs. Dollars as they are read, and as they are counted. */
const figuresView = (row: ReportRow): Readonly<Record<string, number>> => ({
  requests: row.requests,
  failed: row.failed,
  spilled: row.spilled,
  estimated: row.estimated,
  input_tokens: row.inputTokens,
  output_tokens: row.outputTokens,
  cached_tokens: row.cachedTokens,
  gpu_seconds: row.gpuMs / 1_000,
  usd: row.nano / nanoPerDollar,
  usd_nano: row.nano,
  saved_usd: row.savedNano / nanoPerDollar,
  saved_usd_nano: row.savedNano,
  spilled_share: Number(spilledShare(row).toFixed(4)),
})

export const reportView = (rows: readonly ReportRow[], { by, since, until, timeZone }: Period): object => ({
  by,
  since: new Date(since).toISOString(),
  until: until === undefined ? null : new Date(until).toISOString(),
  time_zone: timeZone,
  rows: rows.map((row) => ({ ...row.of, ...figuresView(row) })),
  total: figuresView(totalOf(rows)),
})

/** As RFC 4180 has it, for spreadsheets: names are names there, and no formulas. */
export function reportCsv(rows: readonly ReportRow[], { by }: Period): string {
  const figures = Object.keys(figuresView(totalOf([])))
  const lines = rows.map((row) => [
    ...by.map((key) => cell(row.of[key] ?? '')),
    ...Object.values(figuresView(row)).map(plain),
  ])
  return [[...by, ...figures], ...lines].map((cells) => `${cells.join(',')}\r\n`).join('')
}

/** What a spreadsheet would take for a formula gets a mark in front by which it shows the rest as it is. */
function cell(text: string): string {
  const safe = /^[\s\0]*[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/.test(text) ? `'${text}` : text
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Never `1e-9`, which not every reader takes for a number. */
const plain = (figure: number): string =>
  Number.isInteger(figure) ? String(figure) : figure.toFixed(9).replace(/0+$/, '')
