/** From values to places between 0 and 1, and the few values that are worth a mark. */
export interface Scale {
  readonly low: number
  readonly high: number
  readonly ticks: readonly number[]
  /** What would mislead whoever compares distances and does not know; undefined where they are differences from 0. */
  readonly beware?: string | undefined
  /** Always between 0 and 1: what lies outside stands at the edge. */
  readonly at: (value: number) => number
}

/** Beyond this a picture shows nothing any more, and arithmetic overflows. */
const most = 1e30

/** Those that can be drawn. */
export const drawable = (values: readonly number[]): readonly number[] => values.filter(Number.isFinite).map(tamed)

const tamed = (value: number): number => (Math.abs(value) < 1 / most ? 0 : Math.max(-most, Math.min(most, value)))

/** Equal distances are equal differences. It begins at 0 unless something is below, or `isClose` to the least. */
export function linear(values: readonly number[], ticksMost: number = 6, isClose: boolean = false): Scale {
  const known = drawable(values)
  const ends = isClose && known.length > 0 ? [] : [0]
  const low = [...known, ...ends].reduce((least, value) => Math.min(least, value))
  const top = [...known, ...ends].reduce((greatest, value) => Math.max(greatest, value))
  const high = top > low ? top : low + Math.max(1, Math.abs(low))
  const step = roundStep((high - low) / (ticksMost - 1))
  const [first, last] = [Math.floor(low / step), Math.ceil(high / step - 1e-9)]
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => cleaned((first + i) * step, step))
  const scale = scaleOf(first * step, last * step, ticks, (value) => value)
  return first > 0 ? { ...scale, beware: 'not from 0' } : scale
}

/** Equal distances are equal ratios. What is not above 0 stands at the lower edge. */
export function logarithmic(values: readonly number[], ticksMost: number = 7): Scale {
  const known = drawable(values).filter((value) => value > 0)
  const least = known.reduce((lowest, value) => Math.min(lowest, value), Infinity)
  const low = least === Infinity ? 1 : least
  const high = Math.max(
    known.reduce((highest, value) => Math.max(highest, value), 0),
    low * 10,
  )
  const [from, to] = [Math.floor(Math.log10(low) + 1e-9), Math.ceil(Math.log10(high) - 1e-9)]
  const wanted = manners.find((manner) => marks(from, to, manner, low, high).length <= ticksMost)
  const every = Math.ceil((to - from) / (ticksMost - 1))
  const ticks = wanted === undefined ? marks(from, to, [1], 0, Infinity, every) : marks(from, to, wanted, low, high)
  return { ...scaleOf(low, high, ticks, Math.log10), beware: 'logarithmic' }
}

const manners = [[1, 2, 5], [1, 3], [1]]

function marks(from: number, to: number, digits: readonly number[], low: number, high: number, every = 1): number[] {
  const found: number[] = []
  for (let power = from; power <= to; power += every)
    for (const digit of digits) {
      const value = Number(`${digit}e${power}`)
      if (value >= low * 0.999 && value <= high * 1.001) found.push(value)
    }
  return found
}

/**
 * Shares of all, 0 to almost 1, by their nines: 90 %, 99 % and 99.9 % are as far from each other, since what is rare and late
 * is what people remember.
 */
export function nines(highest: number): Scale {
  const high = Math.min(0.999_99, Math.max(0.9, highest))
  const ticks = [0, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.999_9].filter((share) => share <= high + 1e-9)
  const scale = scaleOf(0, high, ticks, (share) => -Math.log10(1 - Math.min(share, high)))
  return { ...scale, beware: 'stretched towards 100 %' }
}

function scaleOf(low: number, high: number, ticks: readonly number[], stretch: (value: number) => number): Scale {
  const [from, to] = [stretch(low), stretch(high)]
  const inside = (value: number): number => Math.max(low, Math.min(high, value))
  return { low, high, ticks, at: (value) => (Number.isNaN(value) ? 0 : (stretch(inside(value)) - from) / (to - from)) }
}

function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return (stepDigits.find((digit) => digit * power >= least * 0.999) ?? 10) * power
}

const stepDigits = [1, 2, 2.5, 5, 10]

/** 0.30000000000000004 is 0.3. */
const cleaned = (value: number, step: number): number => Math.round(value / step) * step || 0
