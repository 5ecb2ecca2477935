import type { Cell, Column, Table } from './part.ts'

/** A table in Markdown. */
export function tableMarkdown({ title, columns, rows, note }: Table): string[] {
  const heads = columns.map(({ head }) => head)
  const rules = columns.map(({ digits }) => (digits === undefined ? '---' : '--:'))
  const cells = rows.map((row) => row.map((cell, at) => cellText(cell, columns[at]!)))
  return [`*${title}*`, '', ...tableLines(heads, rules, cells), ...(note === undefined ? [] : ['', note])]
}

export const tableLines = (
  heads: readonly string[],
  rules: readonly string[],
  rows: readonly (readonly string[])[],
): string[] =>
  [heads, rules, ...rows].map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)

function cellText(cell: Cell, { digits = 0 }: Column): string {
  if (cell === undefined || typeof cell === 'string') return cell ?? ''
  if (typeof cell === 'number') return numberText(cell, digits)
  const mean = numberText(cell.mean, digits)
  return Number.isFinite(cell.mean) ? `${mean} ± ${numberText(cell.spread, digits)}` : mean
}

/** Nothing for what nobody saw, and "never" for what did not come. */
export function numberText(value: number, digits: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '' : 'never'
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}
