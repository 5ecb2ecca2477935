import { totalOf, spilledShare } from '../accounts/report.ts'
import type { ReportKey, ReportRow } from '../core/ledger.ts'
import { nanoPerDollar } from '../core/money.ts'
import { table } from './table.ts'

interface Column {
  readonly head: string
  readonly of: (row: ReportRow) => number
  readonly shown: (figure: number) => string
  /** Left out where it is nothing everywhere. */
  readonly optional?: true
}

/** For people: names to the left, figures to the right, and a line that adds them up. */
export function reportTable(rows: readonly ReportRow[], by: readonly ReportKey[]): string[] {
  const total = totalOf(rows)
  const shown = columns.filter(({ of, optional }) => optional !== true || of(total) > 0)
  const cells = (row: ReportRow, names: readonly string[]): string[] => [
    ...names,
    ...shown.map((column) => column.shown(column.of(row))),
  ]
  const lines = rows.map((row) =>
    cells(
      row,
      by.map((key) => row.of[key] || '-'),
    ),
  )
  const sum = cells(
    total,
    by.map((_, i) => (i === 0 ? 'total' : '')),
  )
  const heads = [...by.map((key) => key.toUpperCase()), ...shown.map(({ head }) => head)]
  return table(heads, rows.length > 1 ? [...lines, sum] : lines)
}

/** To three figures: 1.23M. To the last one it stands in the forms for programs. */
const brief = (count: number): string => (count < 10_000 ? String(count) : compact.format(count))

const compact = new Intl.NumberFormat('en', {
  notation: 'compact',
  minimumSignificantDigits: 3,
  maximumSignificantDigits: 3,
})

/** To the cent; what is less is not nothing. */
function dollars(nano: number): string {
  if (nano > 0 && nano < nanoPerDollar / 200) return '<$0.01'
  return `$${(nano / nanoPerDollar).toFixed(2)}`
}

const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`

const columns: readonly Column[] = [
  { head: 'REQS', of: ({ requests }) => requests, shown: String },
  { head: 'FAILED', of: ({ failed }) => failed, shown: String, optional: true },
  { head: 'IN', of: ({ inputTokens }) => inputTokens, shown: brief },
  { head: 'CACHED', of: ({ cachedTokens }) => cachedTokens, shown: brief, optional: true },
  { head: 'OUT', of: ({ outputTokens }) => outputTokens, shown: brief },
  { head: 'GPU S', of: ({ gpuMs }) => Math.round(gpuMs / 1_000), shown: brief, optional: true },
  { head: 'SPENT', of: ({ nano }) => nano, shown: dollars },
  { head: 'SAVED', of: ({ savedNano }) => savedNano, shown: dollars, optional: true },
  { head: 'CLOUD', of: (row) => spilledShare(row), shown: percent, optional: true },
]
