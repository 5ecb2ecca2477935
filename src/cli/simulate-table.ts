import { styleText } from 'node:util'
import type { Column, Difference } from '../planning/columns.ts'
import type { Comparison } from '../planning/compare.ts'
import type { Measures } from '../planning/measures.ts'
import { duration, percent } from '../sim/picture.ts'
import type { Percentiles } from '../sim/report.ts'
import { printable } from './table.ts'

/** For people: a column for what happened, one for each plan, all callers together and then each. */
export function comparisonLines({ columns, requests, beganAt, spellMs, ...rest }: Comparison): string[] {
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
    ...aligned([
      { cells: ['', ...columns.map(({ name }) => name)], isHead: true },
      ...rowsOf(columns.map(({ all }) => all)),
      ...shown.flatMap((caller) => callerRows(caller, columns)),
    ]),
    ...(callers.length > shown.length ? [`and ${callers.length - shown.length} more callers, whom --json has`] : []),
    '',
    ...(differences === undefined ? [] : [trust(differences), '']),
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
    { name: 'first token p50 / p95 / p99', of: ({ firstTokenMs }) => three(firstTokenMs), each: true },
    { name: 'waited p50 / p95 / p99', of: ({ waitMs }) => three(waitMs) },
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

function trust(differences: readonly Difference[]): string {
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

const three = ({ p50, p95, p99 }: Percentiles): string => [p50, p95, p99].map(duration).join(' / ')

const whole = (count: number): string => count.toLocaleString('en')

const withShare = (part: number, of: number): string => (part === 0 ? '0' : `${whole(part)} (${percent(part / of)})`)

const dollars = (usd: number): string => (usd > 0 && usd < 0.005 ? '<$0.01' : `$${usd.toFixed(2)}`)
