import type { Conclusion } from './conclusion.ts'
import type { Machine } from './machine.ts'
import type { Part } from './part.ts'

/** Everything a run of the benchmark has to say, as it lies in report.json. */
export interface Report {
  readonly madeAt: string
  readonly command: string
  readonly tookMs: number
  /** Played only to see that it works: no figure means anything. */
  readonly isQuick: boolean
  readonly machine: Machine
  /** Of what stood in the rig, by name. */
  readonly versions: Readonly<Record<string, string>>
  readonly parts: readonly Part[]
}

export const conclusionsOf = ({ parts }: Pick<Report, 'parts'>): readonly Conclusion[] =>
  parts.flatMap(({ conclusions }) => conclusions)

/** A bar that is missed, and not for a reason that is known and told. */
export const isSurprise = ({ verdict, missedSince }: Conclusion): boolean =>
  verdict === 'missed' && missedSince === undefined

/** One report of two: a part is as the newer one has it, where it was played there. */
export function merged(older: Report | undefined, newer: Report): Report {
  const others = older?.parts.filter(({ name }) => newer.parts.every((part) => part.name !== name)) ?? []
  return { ...newer, parts: [...newer.parts, ...others] }
}

/** Pictures lie in files of their own. JSON has no word for what never came, nor for what nobody saw. */
export const jsonOf = (report: Report): string =>
  `${JSON.stringify(report, (key, value: unknown) => (key === 'svg' ? undefined : value === Infinity ? 'never' : value), 2)}\n`

export const reportIn = (json: string): Report =>
  JSON.parse(json, (key, value: unknown) => {
    if (value === 'never') return Infinity
    return value !== null ? value : key === 'value' ? NaN : ''
  }) as Report
