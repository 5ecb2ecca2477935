import type { Measures } from './measures.ts'
import type { Scenario } from './scenario.ts'

/** All seeds of one arm. */
export interface Row {
  readonly arm: string
  readonly seeds: readonly Measures[]
}

type Column = readonly [head: string, of: (seed: Measures) => number, show: (value: number) => string]

const seconds = (ms: number): string => (ms / 1_000).toFixed(2)
const percent = (part: number): string => (part * 100).toFixed(1)
const millis = (ms: number): string => ms.toFixed(1)
const dollars = (usd: number): string => usd.toFixed(5)

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

/** One scenario in Markdown: the mean over the seeds, and how far they lie apart; then the thirds of answers by length. */
export function told({ name, about }: Scenario, rows: readonly Row[]): string {
  const lengths = table(rows, byLength)
  return [
    `### ${name}`,
    '',
    `${about[0]!.toUpperCase()}${about.slice(1)}.`,
    '',
    ...table(rows, columns),
    ...(lengths.length > 0 ? ['', ...lengths] : []),
  ].join('\n')
}

function table(rows: readonly Row[], all: readonly Column[]): string[] {
  const shown = all.filter(([, of]) => rows.some(({ seeds }) => seeds.some((seed) => of(seed) > 0)))
  if (shown.length === 0) return []
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    line(['arm', ...shown.map(([head]) => head)]),
    line(['---', ...shown.map(() => '--:')]),
    ...rows.map(({ arm, seeds }) => line([arm, ...shown.map(([, of, show]) => cell(seeds.map(of), show))])),
  ]
}

function cell(values: readonly number[], show: (value: number) => string): string {
  const known = values.filter((value) => !Number.isNaN(value))
  if (known.length === 0) return ''
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length
  const variance = known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(known.length - 1, 1)
  return known.length === 1 ? show(mean) : `${show(mean)} ± ${show(Math.sqrt(variance))}`
}
