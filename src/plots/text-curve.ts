import { amountIn } from './amount.ts'
import { acrossOf, type CurvePlot, pointsIn, scaleOf } from './curve.ts'
import type { Scale } from './scale.ts'
import { fitted, plain } from './plain.ts'
import { Canvas } from './text-canvas.ts'

/** Where each of several lines was measured, in the order of the lines. */
const marks = ['●', '◆', '▲', '■', '○', '◇'] as const

/** The same curve for a terminal: dots of braille between the points that were measured, numbers at both axes. */
export function curveText(
  { title, x, y, series, mark }: CurvePlot,
  { columns = 72, rows = 14 }: { readonly columns?: number; readonly rows?: number } = {},
): string[] {
  const known = series.map(({ name, points }) => ({ name, points: pointsIn(points) }))
  const all = known.flatMap(({ points }) => points)
  if (all.length === 0) return [...(title === '' ? [] : [title]), 'Nothing was measured.']
  const across = acrossOf(x, [...all.map(([at]) => at), ...(mark === undefined ? [] : [mark.at])])
  const upward = scaleOf(
    y,
    all.map(([, value]) => value),
  )
  const numbers = new Map(
    upward.ticks.map((tick) => [rows - 1 - Math.round(upward.at(tick) * (rows - 1)), amountIn(tick, y.unit ?? '')]),
  )
  const margin = Math.max(...[...numbers.values()].map(({ length }) => length))
  const wide = Math.max(10, columns - margin - 2)
  const canvas = new Canvas(wide, rows)
  if (mark !== undefined && Number.isFinite(mark.at)) canvas.upright(across.at(mark.at))
  known.forEach(({ points }, index) => {
    const places = points.map(([at, value]) => [across.at(at), upward.at(value)] as const)
    places.slice(1).forEach((to, i) => canvas.line(places[i]!, to))
    for (const place of places) canvas.mark(place, marks[index % marks.length]!)
  })
  const body = canvas.rows.map((row, i) => {
    const number = numbers.get(i)
    return `${(number ?? '').padStart(margin)} ${number === undefined ? '│' : '┤'}${row}`.trimEnd()
  })
  const legend = known
    .map(({ name }, index) => ({ name, sign: marks[index % marks.length]! }))
    .filter(({ name }) => known.length > 1 || name !== y.label)
  const lines = [
    ...(title === '' ? [] : [title]),
    `${y.label}${legend.length > 0 ? `   ${legend.map(({ name, sign }) => `${sign} ${name}`).join('   ')}` : ''}`,
    ...body,
    `${' '.repeat(margin)} └${'─'.repeat(wide)}`,
    `${' '.repeat(margin + 2)}${below(across, x.unit ?? '', wide)}`.trimEnd(),
    `${' '.repeat(margin + 2)}${x.label}${mark === undefined ? '' : `   ┊ ${mark.name}`}`,
  ]
  return lines.map((line) => fitted(plain(line), columns).trimEnd())
}

/** The numbers of the lower axis, each under its place, and none on another. */
function below({ ticks, at }: Scale, unit: string, wide: number): string {
  let row = ''
  for (const tick of ticks) {
    const text = amountIn(tick, unit)
    const from = Math.min(wide - text.length, Math.max(0, Math.round(at(tick) * (wide - 1) - text.length / 2)))
    if (from >= row.length + (row === '' ? 0 : 2) || row === '') row = row.padEnd(from) + text
  }
  return row
}
