import type { Distribution } from '../../../src/plots/distribution.ts'
import { type Conclusion, conclude, type Finding } from '../../report/conclusion.ts'
import type { Findings, How, PartPlan, Plot } from '../../report/part.ts'
import type { Measures } from '../measures.ts'
import { type Played, Player } from '../play.ts'
import { tablesOf } from '../report.ts'
import type { Scenario } from '../scenario.ts'

/** A part in which scenarios are played in virtual time. */
export interface VirtualPlan extends Omit<PartPlan, 'kind' | 'play' | 'atMostMs'> {
  readonly runs: readonly Run[]
  /** First to last. None of them had been looked at when the settings of the gateway were chosen. */
  readonly seeds: readonly [first: number, last: number]
  readonly findings: (played: readonly Played[]) => {
    readonly conclusions: readonly Conclusion[]
    readonly plots?: readonly Plot[]
  }
}

interface Run {
  readonly scenario: Scenario
  readonly arms: readonly string[]
}

/** Enough for all machinery to have moved, and not for any figure to mean something. */
const quickMs = 150_000

export function virtualPart({ runs, seeds: usual, findings, ...plan }: VirtualPlan): PartPlan {
  return {
    ...plan,
    kind: 'virtual',
    atMostMs: 8 * 60_000,
    async play({ quick, seeds = quick ? [usual[0], usual[0]] : usual, say }: How): Promise<Findings> {
      const player = new Player(undefined, say)
      const played: Played[] = []
      for (const { scenario, arms } of runs) {
        const lengthMs = quick ? Math.min(scenario.lengthMs, scenario.countedFromMs + quickMs) : scenario.lengthMs
        played.push(await player.play({ ...scenario, lengthMs }, arms, seeds))
      }
      return {
        plots: [],
        ...findings(played),
        tables: played.flatMap(({ scenario, rows }) => tablesOf(scenario, rows)),
        notMeasured: [],
        seeds: `${seeds[0]} to ${seeds[1]}`,
      }
    },
  }
}

/** The mean over the seeds of what one arm of a scenario did. */
export function meanOf({ rows }: Played, arm: string, of: (seed: Measures) => number): number {
  const { seeds } = rows.find((row) => row.arm === arm)!
  return seeds.reduce((sum, seed) => sum + of(seed), 0) / seeds.length
}

/** Until the whole answer, of all requests; some never had one. */
export function distribution({ rows }: Played, arm: string, name: string): Distribution {
  const { trips } = rows.find((row) => row.arm === arm)!
  return { name, values: trips.map(({ ending, totalMs }) => (ending === 'whole' ? totalMs : Infinity)) }
}

export const seconds =
  (of: (seed: Measures) => number) =>
  (seed: Measures): number =>
    of(seed) / 1_000

export const percent =
  (of: (seed: Measures) => number) =>
  (seed: Measures): number =>
    of(seed) * 100

/** In virtual time. */
export const found = (finding: Omit<Finding, 'kind'>): Conclusion => conclude({ ...finding, kind: 'virtual' })
