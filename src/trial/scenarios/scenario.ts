import type { World } from '../../core/world.ts'
import type { Questions } from '../question.ts'
import type { Target } from '../target.ts'
import type { InTurn } from './in-turn.ts'

/** Something that people want to know of their servers, and how it is found out. */
export interface Scenario {
  readonly name: string
  readonly title: string
  /** What is done, and what is to be seen by it. */
  readonly about: string
  /** About how long it takes. */
  lastsMs(plan: Plan): number
  /** Resolves with what is known, also where it is broken off. */
  run(field: Field): Promise<Result>
}

/** How much is done. */
export interface Plan {
  /** How long each side of each scenario is measured. */
  readonly forMs: number
  /** The most that are asked at once. */
  readonly atOnceMost: number
  /** A first token that comes later is of no use any more. */
  readonly patienceMs: number
  /** How long one answer takes while nothing else is done. */
  readonly answerMs: number
  /** Whether the servers are asked without the gateway as well. */
  readonly hasDirect: boolean
}

/** Where it is done. */
export interface Field extends Omit<Plan, 'hasDirect'> {
  readonly world: World
  readonly gateway: Target
  /** The same servers without the gateway; undefined where they are not known. */
  readonly direct: InTurn | undefined
  readonly questions: Pick<Questions, 'next'>
  /** A stream of chance for each purpose: the same at every call. */
  readonly chance: (purpose: string) => () => number
  /** What the servers at home were seen to answer at most, once it is known. */
  capacity: Capacity | undefined
  /** Whether it costs money, which those at home do not; undefined where nobody knows. */
  readonly isSpill: ((upstream: string | undefined) => boolean) | undefined
  /** Breaks it off. */
  readonly signal: AbortSignal
  /** Hears what is being done now. */
  readonly say: (text: string) => void
}

export interface Capacity {
  readonly requestsPerSecond: number
  readonly atOnce: number
}

/** What came out. */
export interface Result {
  readonly figures: readonly Figure[]
  readonly plots: readonly PlotData[]
  /** What else is to be known, in sentences. */
  readonly notes: readonly string[]
  /** False: it was broken off, and the figures are of the part that was done. */
  readonly isWhole: boolean
}

/** One number with the gateway and without. */
export interface Figure {
  /** For programs: `first_token_p50_ms`. */
  readonly id: string
  /** What it belongs to, where there are several of one kind: `8 at once`. */
  readonly group?: string | undefined
  readonly what: string
  /** What it says, for who reads it for the first time. */
  readonly means: string
  readonly unit: 'ms' | 'share' | 'tokens/s' | 'requests/s' | ''
  readonly gateway: number | undefined
  readonly direct: number | undefined
}

/** What a picture is drawn of. */
export type PlotData =
  | {
      readonly type: 'distribution'
      readonly name: string
      readonly title: string
      readonly label: string
      readonly series: readonly { readonly name: string; readonly values: readonly number[] }[]
    }
  | {
      readonly type: 'curve'
      readonly name: string
      readonly title: string
      readonly x: PlotDataAxis
      readonly y: PlotDataAxis
      readonly series: readonly {
        readonly name: string
        readonly points: readonly (readonly [x: number, y: number])[]
      }[]
    }
  | {
      readonly type: 'bars'
      readonly name: string
      readonly title: string
      readonly groups: readonly {
        readonly name: string
        readonly bars: readonly { readonly name: string; readonly value: number }[]
      }[]
    }

export interface PlotDataAxis {
  readonly label: string
  readonly unit?: 'ms' | 'share' | ''
  readonly isLog?: boolean
}

export type Side = 'gateway' | 'direct'

/** How the two are called in pictures. */
export const sideNames: Readonly<Record<Side, string>> = {
  gateway: 'through the gateway',
  direct: 'straight to the server',
}

export interface Arm {
  readonly side: Side
  readonly target: Target
}

/** Both of them, or the gateway alone. */
export const armsOf = ({ gateway, direct }: Pick<Field, 'gateway' | 'direct'>): readonly Arm[] => [
  { side: 'gateway', target: gateway },
  ...(direct === undefined ? [] : [{ side: 'direct' as const, target: direct }]),
]

/** One value for each side that there is. */
export function bySide<T>(
  arms: readonly Arm[],
  of: (side: Side) => T,
): { readonly gateway: T; readonly direct: T | undefined } {
  return { gateway: of('gateway'), direct: arms.length > 1 ? of('direct') : undefined }
}
