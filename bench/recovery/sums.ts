import { quantile } from '../../test/storms/quantile.ts'
import type { Heard } from './ask.ts'
import type { Broken, Met } from './play.ts'

/** What a fault cost those who met it, in milliseconds. */
export interface Cost {
  readonly samples: number
  /** The share that never got an answer. */
  readonly failed: number
  /** Until the first word of those who met nothing. */
  readonly usualP50: number
  readonly usualP99: number
  /** Until the first word of those who met it and got one. */
  readonly firstP50: number
  readonly firstP99: number
  /** The same in parts, in the order in which they came: how far they lie apart is chance. */
  readonly firstP99OfParts: readonly number[]
  /** Until those were told who failed. */
  readonly toldP50: number
}

const parts = 5

/** The fault was there when they came: so it cost them what they waited longer than others. */
export function costOf({ met, well }: Met): Cost {
  const usual = well.filter(isWhole).map(firstMs)
  const answered = met.filter(isWhole).map(firstMs)
  const told = met.filter((heard) => !isWhole(heard)).map(({ askedAt, endedAt }) => endedAt - askedAt)
  return {
    samples: met.length,
    failed: 1 - answered.length / met.length,
    usualP50: at(usual, 0.5),
    usualP99: at(usual, 0.99),
    firstP50: at(answered, 0.5),
    firstP99: at(answered, 0.99),
    firstP99OfParts: cutInto(answered, parts).map((some) => at(some, 0.99)),
    toldP50: at(told, 0.5),
  }
}

/** Of those whose answer broke off half way, from the moment at which it did. */
export interface CutCost {
  readonly samples: number
  readonly goneOn: number
  /** Until they were told that it is over, or heard the next word. */
  readonly heard: readonly number[]
  /** Until another server was asked to go on. */
  readonly askedOn: readonly number[]
}

export function cutCostOf(broken: readonly Broken[]): CutCost {
  return {
    samples: broken.length,
    goneOn: broken.filter(({ heard }) => isWhole(heard)).length / broken.length,
    heard: broken.map(({ heard, diedAt, askedOnAt }) => {
      // What the first server had said may still be on its way when it dies.
      const next = askedOnAt === undefined ? undefined : heard.pieces.find((piece) => piece > askedOnAt)
      return (next ?? heard.endedAt) - diedAt
    }),
    askedOn: broken.flatMap(({ diedAt, askedOnAt = -Infinity }) => (askedOnAt > diedAt ? [askedOnAt - diedAt] : [])),
  }
}

export const at = (all: readonly number[], share: number): number =>
  quantile(
    all.toSorted((one, other) => one - other),
    share,
  )

/** As many parts, of nearly the same size. */
export function cutInto<T>(all: readonly T[], count: number): readonly (readonly T[])[] {
  const size = Math.max(1, Math.ceil(all.length / count))
  return Array.from({ length: Math.ceil(all.length / size) }, (_, part) => all.slice(part * size, (part + 1) * size))
}

const isWhole = ({ ending }: Heard): boolean => ending === 'whole'

const firstMs = ({ askedAt, pieces }: Heard): number => (pieces[0] ?? Infinity) - askedAt

/** Infinity for those who never had an answer. */
export const firstWordMs = (heard: Heard): number => (isWhole(heard) ? firstMs(heard) : Infinity)
