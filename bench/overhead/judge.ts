import { conclude, type Conclusion } from '../report/conclusion.ts'
import type { Cell, Column, Table } from '../report/part.ts'
import type { ArmName } from './arms.ts'
import type { Measured } from './measures.ts'
import type { Scenario, ScenarioBar } from './scenarios.ts'

/** Above this share of a core a window counts as disturbed: something else was at work. */
export const disturbedShare = 0.04

/** Of each arm the best window of each round; none where it could not be measured. */
export type Rounds = ReadonlyMap<ArmName, readonly (Measured | undefined)[]>

export interface Judged {
  readonly table: Table
  readonly conclusions: readonly Conclusion[]
  readonly notMeasured: readonly string[]
}

/** Medians over the rounds in which nothing else used the machine, and what follows for Spillway. */
export function judge(scenario: Scenario, rounds: Rounds, strays = 0): Judged {
  const seen = new Map(Array.from(rounds, ([name, all]) => [name, new Windows(all)]))
  const found = scenario.bars.map((bar) => follow(scenario, bar, seen, strays))
  const disturbed = [...seen].filter(([, { areDisturbed }]) => areDisturbed).map(([name]) => name)
  return {
    table: tableOf(scenario, seen),
    conclusions: found.filter((one) => typeof one !== 'string'),
    notMeasured: [
      ...found.filter((one) => typeof one === 'string'),
      ...(disturbed.length === 0
        ? []
        : [`${scenario.name}: something else used the machine whenever ${disturbed.join(', ')} had a turn`]),
    ],
  }
}

/** What was seen of one arm. */
class Windows {
  readonly areDisturbed: boolean
  /** By their rounds, so that those that were measured side by side are compared. */
  readonly #taken: ReadonlyMap<number, Measured>

  constructor(all: readonly (Measured | undefined)[]) {
    const present = [...all.entries()].filter((entry): entry is [number, Measured] => entry[1] !== undefined)
    const calm = present.filter(([, { window }]) => window.foreignShare <= disturbedShare)
    this.areDisturbed = calm.length === 0 && present.length > 0
    this.#taken = new Map(calm.length > 0 ? calm : present)
  }

  get rounds(): readonly number[] {
    return [...this.#taken.keys()]
  }

  get figures(): readonly string[] {
    return Object.keys(this.#taken.values().next().value?.figures ?? {})
  }

  of(figure: string, round?: number): number {
    const there = round === undefined ? undefined : this.#taken.get(round)?.figures[figure]
    return there ?? median(Array.from(this.#taken.values(), ({ figures }) => figures[figure]!))
  }
}

type Seen = ReadonlyMap<ArmName, Windows>

/** A conclusion, or why there is none. */
function follow({ name }: Scenario, bar: ScenarioBar, seen: Seen, strays: number): Conclusion | string {
  const { id, figure, what, by, added = false, missedSince } = bar
  const isRatio = 'timesNginx' in bar
  const own = seen.get('spillway')
  const needed: ArmName[] = [
    'spillway',
    ...(isRatio ? (['nginx'] as const) : []),
    ...(added ? (['direct'] as const) : []),
  ]
  const absent = needed.find((arm) => (seen.get(arm)?.rounds.length ?? 0) === 0)
  if (own === undefined || absent !== undefined) return `${name}: ${what}: ${absent} was not measured`
  const figureOf = (arm: ArmName, round: number): number =>
    seen.get(arm)!.of(figure, round) - (added ? seen.get('direct')!.of(figure, round) : 0)
  const windows = own.rounds.map((round) => figureOf('spillway', round) / (isRatio ? figureOf('nginx', round) : 1))
  const told = added ? `${what}, ${name}` : what
  return conclude({
    id: `overhead.${name}.${id}`,
    what: `${told}${isRatio ? ', beside nginx' : ''} (${by === 'goal' ? 'the goal' : 'our own bar'})`,
    value: median(windows),
    unit: isRatio ? 'x' : unitOf(figure),
    digits: isRatio ? 2 : unitOf(figure) === 'ms' ? 2 : 0,
    bar: isRatio ? { most: bar.timesNginx } : 'most' in bar ? { most: bar.most } : { least: bar.least },
    kind: isRatio ? 'ratio' : 'absolute',
    windows,
    strays,
    isDisturbed: needed.some((arm) => seen.get(arm)!.areDisturbed),
    ...(missedSince === undefined ? {} : { missedSince }),
  })
}

const unitOf = (figure: string): string => /µs|ms|KB|frames\/s/.exec(figure)?.[0] ?? ''

function tableOf({ name, about, bars }: Scenario, seen: Seen): Table {
  const arms = [...seen].filter(([, windows]) => windows.rounds.length > 0)
  const figures = arms[0]?.[1].figures ?? []
  const direct = seen.get('direct')
  const nginx = seen.get('nginx')
  const added = distinct(bars.filter((bar) => bar.added === true).map(({ figure }) => figure))
  const ratios = distinct(bars.filter((bar) => 'timesNginx' in bar).map(({ figure }) => figure))
  const over = (figure: string, windows: Windows): number =>
    windows.of(figure) - (added.includes(figure) ? (direct?.of(figure) ?? NaN) : 0)
  const columns: Column[] = [
    { head: 'arm' },
    ...figures.map((head) => ({ head, digits: digitsOf(head) })),
    ...added.map((figure) => ({ head: `${figure} added`, digits: digitsOf(figure) })),
    ...ratios.map((figure) => ({ head: `${figure}, times nginx`, digits: 2 })),
    { head: 'windows' },
  ]
  const rows = arms.map(([arm, windows]): Cell[] => [
    arm,
    ...figures.map((figure) => cell(windows.of(figure))),
    ...added.map((figure) => (arm === 'direct' ? undefined : cell(over(figure, windows)))),
    ...ratios.map((figure) =>
      arm === 'direct' || nginx === undefined ? undefined : cell(over(figure, windows) / over(figure, nginx)),
    ),
    `${windows.rounds.length} ${windows.areDisturbed ? 'DISTURBED' : 'calm'}`,
  ])
  return { title: `${name}: ${about}`, columns, rows }
}

const digitsOf = (figure: string): number => (/ms|%/.test(figure) ? 2 : /CPU|KB/.test(figure) ? 1 : 0)

/** With nothing in between there is no process to measure. */
const cell = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined)

const distinct = <T>(all: readonly T[]): readonly T[] => [...new Set(all)]

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
