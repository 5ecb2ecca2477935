import { type Placed, placeLabels, type Point } from './labels.ts'
import { area, dashOf, hueOf } from './look.ts'
import { fitted } from './plain.ts'
import { element, line } from './xml.ts'

export interface DrawnLine {
  readonly name: string
  readonly points: readonly Point[]
  /** A dot at each point: they were measured, and what is between them was not. */
  readonly dotted?: boolean | undefined
}

/** Lines with their names beside them. */
export function drawLines(lines: readonly DrawnLine[]): string {
  const named = lines.map(({ name, ...rest }) => ({ ...rest, name: fitted(name.trim(), 44) }))
  const strokes = named.map(({ points, dotted = false }, index) => stroke(points, index, dotted))
  const seen = named.flatMap((one, index) => (one.points.length > 0 ? [{ ...one, index }] : []))
  const placed = placeLabels(seen)
  const names =
    placed === undefined
      ? seen.map(({ name, index }, row) => listed(name, index, row))
      : seen.map(({ name, index }, nth) => label(name, index, placed[nth]!))
  const empty = seen.length > 0 ? [] : [nothing()]
  return [...strokes, ...names, ...empty].filter((part) => part !== '').join('\n')
}

function stroke(points: readonly Point[], index: number, dotted: boolean): string {
  const [first] = points
  if (first === undefined) return ''
  const path = points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${short(x)} ${short(y)}`).join('')
  const drawn = element('path', { class: `line ${hueOf(index)}`, d: path, 'stroke-dasharray': dashOf(index) || 'none' })
  const dots = dotted || points.length === 1 ? points.map(([cx, cy]) => dot(cx, cy, index)) : []
  return [drawn, ...dots].join('')
}

const dot = (cx: number, cy: number, index: number): string =>
  element('circle', { class: hueOf(index), cx, cy, r: 3.2 })

const label = (name: string, index: number, { x, y, anchor }: Placed): string =>
  line({ class: `label ${hueOf(index)}`, x, y, 'text-anchor': anchor }, name)

/** Where there is no room beside the lines: below each other, each with a piece of its line. */
function listed(name: string, index: number, row: number): string {
  const y = area.top + 14 + row * 16
  const x2 = area.left + 40
  const piece = { class: `line ${hueOf(index)}`, x1: area.left + 12, x2, y1: y - 4, y2: y - 4 }
  const sample = element('line', { ...piece, 'stroke-dasharray': dashOf(index) || 'none' })
  return sample + line({ class: `label ${hueOf(index)}`, x: x2 + 8, y }, name)
}

const nothing = (): string =>
  line(
    { class: 'soft', x: (area.left + area.right) / 2, y: (area.top + area.bottom) / 2, 'text-anchor': 'middle' },
    'Nothing was measured.',
  )

const short = (place: number): string => String(Math.round(place * 10) / 10)
