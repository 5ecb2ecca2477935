import { area } from './look.ts'

export type Point = readonly [x: number, y: number]

export interface Placed {
  readonly x: number
  readonly y: number
  readonly anchor: 'start' | 'middle' | 'end'
}

interface Box {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/**
 * Where the names of lines stand: each beside its own, where it covers as little of the others as can be. Undefined where
 * two names would lie on each other wherever they stood: then they are listed at the side.
 */
export function placeLabels(
  lines: readonly { readonly name: string; readonly points: readonly Point[] }[],
): readonly Placed[] | undefined {
  if (lines.length > besideMost) return undefined
  const inked = lines.map(({ points }) => stroked(points))
  const taken: Box[] = []
  const placed: Placed[] = []
  for (const [index, { name, points }] of lines.entries()) {
    const best = leastOf(candidates(points), (place, rank) => {
      const box = boxOf(place, name)
      if (!isInside(box) || taken.some((other) => overlap(box, other))) return Infinity
      const near = { left: box.left - 6, top: box.top - 6, right: box.right + 6, bottom: box.bottom + 6 }
      const others = inked.flatMap((ink, i) => (i === index ? [] : ink.filter((point) => isIn(point, near))))
      const own = inked[index]!.filter((point) => isIn(point, box))
      return others.length * 4 + own.length + rank * 0.05
    })
    if (best === undefined) return undefined
    taken.push(boxOf(best, name))
    placed.push(best)
  }
  return placed
}

/** More than these are found more easily in a list. */
const besideMost = 6

/** The end first, since that is where people look for a name. */
function candidates(points: readonly Point[]): readonly Placed[] {
  const all = stroked(points, 14).toReversed()
  return all.flatMap(([x, y]) => [
    { x: x + 8, y: y + 4, anchor: 'start' as const },
    { x, y: y - 9, anchor: 'middle' as const },
    { x: x - 8, y: y + 4, anchor: 'end' as const },
    { x: x - 6, y: y - 9, anchor: 'end' as const },
    { x, y: y + 19, anchor: 'middle' as const },
    { x: x + 6, y: y + 19, anchor: 'start' as const },
  ])
}

/** Letters are of different widths; these are rather wide ones. */
const letterWidth = 7.8

function boxOf({ x, y, anchor }: Placed, name: string): Box {
  const wide = Array.from(name).length * letterWidth
  const left = anchor === 'start' ? x : anchor === 'end' ? x - wide : x - wide / 2
  return { left, right: left + wide, top: y - 12, bottom: y + 4 }
}

const isInside = ({ left, top, right, bottom }: Box): boolean =>
  left >= area.left + 2 && right <= area.right + 20 && top >= area.top - 4 && bottom <= area.bottom - 2

const overlap = (one: Box, other: Box): boolean =>
  one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom

const isIn = ([x, y]: Point, { left, top, right, bottom }: Box): boolean =>
  x >= left && x <= right && y >= top && y <= bottom

/** Points all along a line, so far from each other. */
function stroked(points: readonly Point[], every: number = 4): readonly Point[] {
  const all: Point[] = []
  for (const [index, point] of points.entries()) {
    const [fromX, fromY] = points[index - 1] ?? point
    const pieces = Math.ceil(Math.hypot(point[0] - fromX, point[1] - fromY) / every)
    for (let piece = 1; piece < pieces; piece += 1)
      all.push([fromX + ((point[0] - fromX) * piece) / pieces, fromY + ((point[1] - fromY) * piece) / pieces])
    all.push(point)
  }
  return all
}

function leastOf<T>(all: readonly T[], costOf: (one: T, rank: number) => number): T | undefined {
  let [best, least]: [T | undefined, number] = [undefined, Infinity]
  for (const [rank, one] of all.entries()) {
    const cost = costOf(one, rank)
    if (cost < least) [best, least] = [one, cost]
  }
  return best
}
