import { tableMarkdown } from '../report/table.ts'
import type { Cell, Table } from '../report/part.ts'
import type { Measures } from './measures.ts'
import type { Scenario } from './scenario.ts'
import type { Trip } from './trip.ts'

/** All seeds of one arm. */
export interface Row {
  readonly arm: string
  readonly seeds: readonly Measures[]
  /** Those that count, of all seeds. */
  readonly trips: readonly Trip[]
}

interface Unit {
  readonly times: number
  readonly digits: number
}

type Column = readonly [head: string, of: (seed: Measures) => number, unit: Unit]

const seconds: Unit = { times: 1 / 1_000, digits: 2 }
const percent: Unit = { times: 100, digits: 1 }
const millis: Unit = { times: 1, digits: 1 }
const dollars: Unit = { times: 1, digits: 5 }

/** A column is shown where it has something to tell. */
const columns: readonly Column[] = [
  ['first token p50 s', ({ firstP50Ms }) => firstP50Ms, seconds],
  ['p95', ({ firstP95Ms }) => firstP95Ms, seconds],
  ['p99', ({ firstP99Ms }) => firstP99Ms, seconds],
  ['whole p50 s', ({ totalP50Ms }) => totalP50Ms, seconds],
  ['p95', ({ totalP95Ms }) => totalP95Ms, seconds],
  ['p99', ({ totalP99Ms }) => totalP99Ms, seconds],
  ['in time %', ({ inTime }) => inTime, percent],
  ['on-time work %', ({ onTimeWork }) => onTimeWork, percent],
  ['with what came late', ({ wholeWork }) => wholeWork, percent],
  ['out: requests %', ({ outRequests }) => outRequests, percent],
  ['tokens %', ({ outTokens }) => outTokens, percent],
  ['work %', ({ outWork }) => outWork, percent],
  ['$/1k', ({ usdPerThousand }) => usdPerThousand, dollars],
  ['refused %', ({ refused }) => refused, percent],
  ['refused after p50 s', ({ refusedP50Ms }) => refusedP50Ms, seconds],
  ['refused after p99 s', ({ refusedP99Ms }) => refusedP99Ms, seconds],
  ['broken %', ({ broken }) => broken, percent],
  ['failed %', ({ failed }) => failed, percent],
  ['loading ms', ({ loadingMs }) => loadingMs, millis],
  ['cached %', ({ cached }) => cached, percent],
  ['of the bound %', ({ cachedOfMost }) => cachedOfMost, percent],
]

const byLength: readonly Column[] = [
  ['whole p99 s: short', ({ shortP99Ms }) => shortP99Ms, seconds],
  ['middle', ({ middleP99Ms }) => middleP99Ms, seconds],
  ['long', ({ longP99Ms }) => longP99Ms, seconds],
  ['out or refused %: short', ({ shortAway }) => shortAway, percent],
  ['middle', ({ middleAway }) => middleAway, percent],
  ['long', ({ longAway }) => longAway, percent],
]

/** The mean over the seeds, and how far they lie apart; then the thirds of answers by length. */
export function tablesOf({ name, about }: Scenario, rows: readonly Row[]): readonly Table[] {
  return [...table(`${name}: ${about}`, rows, columns), ...table(`${name}, by length of the answer`, rows, byLength)]
}

/** One scenario in Markdown. */
export const told = (scenario: Scenario, rows: readonly Row[]): string =>
  tablesOf(scenario, rows)
    .flatMap((one) => [...tableMarkdown(one), ''])
    .join('\n')

/** None, where no column has anything to tell. */
function table(title: string, rows: readonly Row[], all: readonly Column[]): Table[] {
  const shown = all.filter(([, of]) => rows.some(({ seeds }) => seeds.some((seed) => of(seed) > 0)))
  if (shown.length === 0) return []
  return [
    {
      title,
      columns: [{ head: 'arm' }, ...shown.map(([head, , { digits }]) => ({ head, digits }))],
      rows: rows.map(({ arm, seeds }) => [
        arm,
        ...shown.map(([, of, { times }]) => meanCell(seeds.map((seed) => of(seed) * times))),
      ]),
    },
  ]
}

export function meanCell(values: readonly number[]): Cell {
  const known = values.filter((value) => !Number.isNaN(value))
  if (known.length === 0) return undefined
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length
  if (known.length === 1) return mean
  const variance = known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (known.length - 1)
  return { mean, spread: Math.sqrt(variance) }
}
