import { barsSvg } from '../../plots/bars.ts'
import { curveSvg } from '../../plots/curve.ts'
import { distributionSvg } from '../../plots/distribution.ts'
import { curveText } from '../../plots/text-curve.ts'
import type { BenchReport } from './report.ts'

type Plot = BenchReport['scenarios'][number]['plots'][number]

/** As a file. */
export function svgOf(plot: Plot, { target, at, spillway }: BenchReport): string {
  const subtitle = `${target.model}, Spillway ${spillway}, ${at.slice(0, 10)}`
  if (plot.type === 'curve') return curveSvg({ ...plot, subtitle })
  const about = { ...plot, subtitle, unit: 'ms' }
  return about.type === 'bars' ? barsSvg(about) : distributionSvg(about)
}

/** For a terminal; what is no curve is left to files, where there is room for it. */
export const textOf = (plot: Plot, columns: number): string[] =>
  plot.type === 'curve' ? ['', ...curveText(plot, { columns, rows: 10 })] : []
