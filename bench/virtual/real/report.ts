import type { Answered, Fate } from './asking.ts'
import type { Rate } from './play.ts'

export interface Row {
  readonly arm: string
  /** How long an answer took just before that had a server to itself. */
  readonly aloneMs: number
  readonly counted: readonly Answered[]
  /** Whole and in time, a second. */
  readonly good: Rate
  /** Of the servers, before and after. */
  readonly capacity: Rate
}

export interface About {
  readonly times: number
  readonly deadline: number
}

const heads = [
  'goodput % of capacity',
  'tokens %',
  'p50',
  'p99',
  'refused %',
  'late %',
  'broken %',
  'answers/s',
  'of',
  'alone ms',
]

/** In Markdown. Times are told in answers: how long one takes that has a server to itself. */
export function told(rows: readonly Row[], { times, deadline }: About): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    `Two llama-servers of four slots, asked for ${times} times what they can do. An answer is of use for`,
    `${deadline} times as long as it takes alone.`,
    '',
    line(['arm', ...heads]),
    line(['---', ...heads.map(() => '--:')]),
    ...rows.map((row) => line([row.arm, ...cellsOf(row)])),
  ].join('\n')
}

function cellsOf({ aloneMs, counted, good, capacity }: Row): string[] {
  const took = counted.filter(({ fate }) => fate === 'whole').map(({ tookMs }) => tookMs / aloneMs)
  const share = (wanted: Fate): string => percent(counted.filter(({ fate }) => fate === wanted).length / counted.length)
  return [
    percent(good.answers / capacity.answers),
    percent(good.tokens / capacity.tokens),
    ...[0.5, 0.99].map((part) => percentile(took, part)),
    ...(['refused', 'late', 'broken'] as const).map(share),
    good.answers.toFixed(2),
    capacity.answers.toFixed(2),
    aloneMs.toFixed(0),
  ]
}

const percent = (part: number): string => (part * 100).toFixed(1)

function percentile(values: readonly number[], part: number): string {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)]?.toFixed(2) ?? ''
}
