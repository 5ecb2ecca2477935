import { stripVTControlCharacters, styleText } from 'node:util'
import { type Column, type Difference, streamedLeast } from '../planning/columns.ts'
import type { Comparison } from '../planning/compare.ts'
import type { Measures } from '../planning/measures.ts'
import { duration, percent } from '../sim/picture.ts'
import type { Percentiles } from '../sim/report.ts'
import { printable } from './table.ts'

/** For people: a column for what happened, one for each plan, all callers together and then each. */
export function comparisonLines(
  { columns, requests, beganAt, spellMs, ...rest }: Comparison,
  wide: number = process.stdout.columns ?? Infinity,
): string[] {
  const { differences, remarks, assumed, verdict, advice, caution } = rest
  const sentences = [...(verdict === undefined ? [] : [verdict]), ...advice.map(({ text }) => text)]
  const callers = Object.keys(columns[0]!.callers)
  const shown = callers.slice(0, callersMost)
  const from =
    beganAt === undefined ? '' : `, from ${new Date(beganAt).toISOString().slice(0, 19).replace('T', ' ')} UTC`
  return [
    `${requests.toLocaleString('en')} requests in ${duration(spellMs)}${from}`,
    ...remarks.map(printable),
    '',
    ...fitting(
      [
        { cells: ['', ...columns.map(({ name }) => name)], isHead: true },
        ...rowsOf(columns.map(({ all }) => all)),
        ...shown.flatMap((caller) => callerRows(caller, columns)),
      ],
      wide,
    ),
    ...(callers.length > shown.length ? [`and ${callers.length - shown.length} more callers, whom --json has`] : []),
    '',
    ...(columns[0]!.id === 'recorded' ? [trust(differences, columns[0]!), ''] : []),
    ...sentences.map((sentence) => styleText('bold', printable(sentence))),
    ...(caution === undefined ? [] : [caution]),
    ...(sentences.length === 0 ? [] : ['']),
    ...(assumed.length === 0 ? [] : [styleText('dim', printable(`Assumed: ${assumed.join('; ')}.`))]),
  ]
}

const callersMost = 10

interface Row {
  readonly cells: readonly string[]
  readonly isHead?: boolean
}

const figures: readonly { readonly name: string; readonly of: (measures: Measures) => string; readonly each?: true }[] =
  [
    { name: 'requests', of: ({ requests }) => whole(requests) },
    { name: 'answered', of: ({ answered }) => whole(answered), each: true },
    { name: 'refused', of: ({ refused, requests }) => withShare(refused, requests), each: true },
    { name: 'failed', of: ({ failed }) => whole(failed) },
    { name: 'gone', of: ({ left }) => whole(left) },
    { name: 'spilled', of: ({ spilled }) => percent(spilled.requests), each: true },
    { name: 'spilled, of tokens', of: ({ spilled }) => percent(spilled.tokens) },
    {
      name: 'first token p50 / p95 / p99',
      of: ({ streamed, firstTokenMs }) => three(streamed, firstTokenMs),
      each: true,
    },
    { name: 'waited p50 / p95 / p99', of: ({ answered, waitMs }) => three(answered, waitMs) },
    { name: 'tokens/s', of: ({ tokensPerSecond }) => tokensPerSecond.toFixed(1) },
    { name: 'dollars', of: ({ usd }) => dollars(usd), each: true },
    { name: 'dollars a day', of: ({ usdPerDay }) => dollars(usdPerDay) },
  ]

const rowsOf = (all: readonly Measures[]): readonly Row[] =>
  figures.map(({ name, of }) => ({ cells: [name, ...all.map((measures) => of(measures))] }))

function callerRows(caller: string, columns: readonly Column[]): readonly Row[] {
  const each = columns.map(({ callers }) => callers[caller])
  const rows = figures
    .filter((figure) => figure.each)
    .map(({ name, of }) => ({
      cells: [`  ${name}`, ...each.map((measures) => (measures === undefined ? '' : of(measures)))],
    }))
  const title = `${printable(caller)}, ${whole(each[0]?.requests ?? 0)} requests`
  return [{ cells: ['', ...each.map(() => '')] }, { cells: [title, ...each.map(() => '')], isHead: true }, ...rows]
}

/** Where a screen is too narrow for it, what stands beside each other is put below each other. */
function fitting(rows: readonly Row[], wide: number): string[] {
  const lines = aligned(rows)
  return lines.every((line) => stripVTControlCharacters(line).length <= wide) ? lines : aligned(rows.flatMap(narrowed))
}

/** `first token p50 / p95 / p99` becomes three rows, and a heading as many as its words take. */
function narrowed({ cells, isHead = false }: Row): readonly Row[] {
  const pieces = cells.map((cell, column) => {
    if (!isHead) return cell.split(' / ')
    return column > 0 ? wrapped(cell, headMost) : [cell]
  })
  const tall = Math.max(...pieces.map(({ length }) => length))
  return Array.from({ length: tall }, (_, row) => ({
    cells: pieces.map((of, column) =>
      row > 0 && column === 0 ? `${' '.repeat(indentOf(cells[0]!) + 2)}${of[row] ?? ''}` : (of[row] ?? ''),
    ),
    isHead,
  }))
}

const headMost = 16

const indentOf = (text: string): number => text.length - text.trimStart().length

function wrapped(text: string, most: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`
    if (lines.length > 0 && longer.length <= most) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}

/** Names to the left, numbers to the right. */
function aligned(rows: readonly Row[]): string[] {
  const widths = rows[0]!.cells.map((_, column) => Math.max(...rows.map(({ cells }) => cells[column]!.length)))
  return rows.map(({ cells, isHead }) => {
    const line = cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('   ')
      .trimEnd()
    return isHead === true ? styleText('bold', line) : line
  })
}

function trust(differences: readonly Difference[] | undefined, { all: { streamed } }: Column): string {
  if (differences === undefined)
    return `Too few to compare: whether the simulation is like what happened takes ${streamedLeast} streamed answers, and the recording has ${streamed}.`
  if (differences.length === 0)
    return 'What was simulated as it was agrees with what was recorded, within 15 %: the other columns can be believed as far.'
  const apart = differences.map(({ what, recorded, simulated }) => {
    const shown = shownAs[what]
    return `${what} is ${shown(simulated)} and was ${shown(recorded)}`
  })
  return `The simulation differs from what was recorded by more than 15 %: ${apart.join('; ')}. Take the other columns for directions.`
}

const shownAs: Readonly<Record<Difference['what'], (value: number) => string>> = {
  'first token p50': duration,
  'first token p99': duration,
  'tokens per second': (value) => value.toFixed(1),
  'share refused': percent,
}

/** Of so many; of none there are no numbers. */
const three = (of: number, { p50, p95, p99 }: Percentiles): string =>
  of === 0 ? '–' : [p50, p95, p99].map(duration).join(' / ')

const whole = (count: number): string => count.toLocaleString('en')

const withShare = (part: number, of: number): string => (part === 0 ? '0' : `${whole(part)} (${percent(part / of)})`)

const dollars = (usd: number): string => (usd > 0 && usd < 0.005 ? '<$0.01' : `$${usd.toFixed(2)}`)
