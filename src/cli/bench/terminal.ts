import { styleText } from 'node:util'
import { table } from '../table.ts'
import { groupedRows, plainRows, type Rows } from './figures.ts'
import { textOf } from './pictures.ts'
import type { BenchReport, ScenarioReport } from './report.ts'

/** The report for whoever waited for it. */
export function linesOf(report: BenchReport, columns: number): string[] {
  const { scenarios, target } = report
  const hasDirect = scenarios.some(({ figures }) => figures.some(({ direct }) => direct !== null))
  return [
    ...scenarios.flatMap((scenario) => section(scenario, hasDirect, columns)),
    '',
    ...(hasDirect ? ['direct: the same servers without the gateway. ratio: gateway by direct.'] : []),
    ...(target.left_out.length === 0 ? [] : [`Not asked, since they cost money: ${target.left_out.join(', ')}.`]),
    ...(report.is_whole ? [] : ['It was broken off: some of it is missing.']),
    `Again: ${report.command}`,
  ]
}

function section({ title, figures, notes, plots }: ScenarioReport, hasDirect: boolean, columns: number): string[] {
  return [
    '',
    styleText('bold', title),
    ...rowLines(plainRows(figures, hasDirect)),
    ...rowLines(groupedRows(figures, hasDirect)),
    ...plots.flatMap((plot) => textOf(plot, Math.min(columns, 76))),
    ...notes,
  ]
}

const rowLines = ({ head, rows }: Rows): string[] =>
  rows.length === 0
    ? []
    : table(
        head.map((one) => one.toUpperCase()),
        rows,
      )
