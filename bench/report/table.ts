import type { Cell, Column, Table } from './part.ts'

/** A table in Markdown. */
export function tableMarkdown({ title, columns, rows, note }: Table): string[] {
  const heads = columns.map(({ head }) => head)
  const rules = columns.map(({ digits }) => (digits === undefined ? '---' : '--:'))
  const cells = rows.map((row) => row.map((cell, at) => cellText(cell, columns[at]!)))
  return [`*${title}*`, '', ...tableLines(heads, rules, cells), ...(note === undefined ? [] : ['', note])]
}

export const tableLines = (heads: readonly string[], rules: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [heads, rules, ...rows].map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)

function cellText(cell: Cell, { digits = 0 }: Column): string {
  if (cell === undefined) return ''
  if (typeof cell === 'string') return cell
  if (typeof cell === 'number') return Number.isNaN(cell) ? '' : numberText(cell, digits)
  if (Number.isNaN(cell.mean)) return ''
  return `${numberText(cell.mean, digits)} ± ${numberText(cell.spread, digits)}`
}

export const numberText = (value: number, digits: number): string =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
