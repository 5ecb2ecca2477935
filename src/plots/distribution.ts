import type { Unit } from './amount.ts'
import type { Point } from './labels.ts'
import { drawLines } from './lines.ts'
import { axes, type Heading, page, xAt, yAt } from './page.ts'
import { drawable, logarithmic, nines, type Scale } from './scale.ts'

export interface DistributionPlot extends Heading {
  /** `ms` for times. */
  readonly unit: Unit
  /** What the values are: `first token`. */
  readonly label?: string | undefined
  readonly series: readonly Distribution[]
}

export interface Distribution {
  readonly name: string
  /** Infinity for one that never came: it counts, and the line ends below it. NaN does not count. */
  readonly values: readonly number[]
}

/**
 * How many of all came within which time: a line further to the left is better, and one that ends low has lost the rest.
 * Upwards by nines, so that the last of a hundred can be seen.
 */
export function distributionSvg({ title, subtitle, unit, label = 'within', series }: DistributionPlot): string {
  const known = series.map(({ name, values }) => {
    const counted = values.filter((value) => !Number.isNaN(value))
    return { name, sorted: drawable(counted).toSorted((one, other) => one - other), all: counted.length }
  })
  const x = logarithmic(known.flatMap(({ sorted }) => sorted))
  const y = nines(Math.max(...known.map(({ sorted, all }) => shareAt(sorted.length - 1, all)), 0))
  const frame = axes({ scale: x, unit, label }, { scale: y, unit: 'share', label: 'of all requests' })
  const lines = known.map(({ name, sorted, all }) => ({ name, points: steps(sorted, all, x, y) }))
  return page({ title, subtitle }, `${frame}\n${drawLines(lines)}`)
}

/** As many as can be told apart. */
const pointsMost = 240

function steps(sorted: readonly number[], all: number, x: Scale, y: Scale): readonly Point[] {
  const { length } = sorted
  const kept = Array.from({ length: Math.min(length, pointsMost) }, (_, i) => {
    const part = length <= pointsMost ? i / Math.max(1, length - 1) : 1 - (1 - i / (pointsMost - 1)) ** 2.5
    return Math.min(length - 1, Math.round(part * (length - 1)))
  })
  const places = [...new Set(kept)].map((i): Point => [xAt(x, sorted[i]!), yAt(y, shareAt(i, all))])
  const [first] = places
  // From the ground up: nobody was there before the first.
  return first === undefined ? [] : [[first[0], yAt(y, 0)], ...places]
}

/** The nth of so many stands in the middle of its share. */
const shareAt = (index: number, all: number): number => (all === 0 ? 0 : (index + 0.5) / all)
