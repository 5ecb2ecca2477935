import type { Unit } from './amount.ts'
import { drawLines } from './lines.ts'
import { area } from './look.ts'
import { axes, type Heading, page, xAt, yAt } from './page.ts'
import { drawable, linear, logarithmic, type Scale } from './scale.ts'
import { element, line } from './xml.ts'

export interface CurvePlot extends Heading {
  readonly x: PlotAxis
  readonly y: PlotAxis
  readonly series: readonly Curve[]
  /** A place on the x axis that means something: what was chosen, the load that was measured. */
  readonly mark?: { readonly at: number; readonly name: string } | undefined
}

export interface PlotAxis {
  readonly label: string
  readonly unit?: Unit | undefined
  /** Equal ratios instead of equal differences. */
  readonly isLog?: boolean | undefined
  /** Begins near the least value instead of at 0, where points that lie close are to be told apart. */
  readonly isClose?: boolean | undefined
}

export interface Curve {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

/** Lines through what was measured, each with its name beside it. */
export function curveSvg({ title, subtitle, x, y, series, mark }: CurvePlot): string {
  const known = series.map(({ name, points }) => ({ name, points: pointsIn(points) }))
  const all = known.flatMap(({ points }) => points)
  const across = acrossOf(x, [...all.map(([at]) => at), ...(mark === undefined ? [] : [mark.at])])
  const upward = scaleOf(
    y,
    all.map(([, value]) => value),
  )
  const frame = axes(
    { scale: across, unit: x.unit ?? '', label: x.label },
    { scale: upward, unit: y.unit ?? '', label: y.label },
  )
  const lines = known.map(({ name, points }) => ({
    name,
    points: points.map(([at, value]) => [xAt(across, at), yAt(upward, value)] as const),
    dotted: points.length <= 40,
  }))
  const marked = mark === undefined || !Number.isFinite(mark.at) ? '' : markAt(xAt(across, mark.at), mark.name)
  return page({ title, subtitle }, [frame, marked, drawLines(lines)].filter((part) => part !== '').join('\n'))
}

/** From left to right, those that can be drawn. */
export const pointsIn = (points: Curve['points']): Curve['points'] =>
  points
    .filter(([at, value]) => Number.isFinite(at) && Number.isFinite(value))
    .toSorted(([one], [other]) => one - other)

export const scaleOf = ({ isLog = false, isClose }: PlotAxis, values: readonly number[]): Scale =>
  isLog ? logarithmic(values) : linear(values, undefined, isClose)

/** Few sizes, each so many times the one before, are marks themselves: where they do not stand too close. */
export function acrossOf(axis: PlotAxis, values: readonly number[]): Scale {
  const scale = scaleOf(axis, values)
  if (axis.isLog !== true) return scale
  const ticks = [...new Set(drawable(values))].toSorted((one, other) => one - other)
  const gaps = ticks.slice(1).map((tick, i) => scale.at(tick) - scale.at(ticks[i]!))
  return ticks.length > 1 && ticks.length <= 12 && gaps.every((gap) => gap > 0.05) ? { ...scale, ticks } : scale
}

function markAt(x: number, name: string): string {
  const { top, bottom, left, right } = area
  const anchor = x > (left + right) / 2 ? 'end' : 'start'
  const beside = anchor === 'end' ? x - 5 : x + 5
  return (
    element('line', { class: 'mark', x1: x, x2: x, y1: top, y2: bottom, 'stroke-dasharray': '3 3' }) +
    line({ class: 'soft small', x: beside, y: bottom - 6, 'text-anchor': anchor }, name)
  )
}
