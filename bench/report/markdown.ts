import type { Conclusion } from './conclusion.ts'
import { headlines } from './headlines.ts'
import type { Part } from './part.ts'
import { conclusionsOf, isSurprise, type Report } from './report.ts'
import { numberText, tableLines, tableMarkdown } from './table.ts'

/** The whole report as one page. */
export function markdownOf(report: Report): string {
  const all = conclusionsOf(report)
  const count = (verdict: Conclusion['verdict']): number => all.filter((one) => one.verdict === verdict).length
  const surprises = all.filter(isSurprise).length
  return [
    '# What Spillway does, measured',
    '',
    ...(report.isQuick ? ['**A quick run, to see that everything works. No figure below means anything.**', ''] : []),
    `${count('met')} bars met, ${count('at the bar')} at the bar, ${count('missed')} missed, ${surprises} of them without a known reason.`,
    '',
    circumstances(report),
    '',
    '## The claims that started it',
    '',
    headlineTable(report),
    '',
    ...report.parts.flatMap((part) => [`## ${part.title}`, '', partMarkdown(part), '']),
  ].join('\n')
}

/** On what, with what, how long. */
export function circumstances({ madeAt, tookMs, command, machine, versions }: Report): string {
  const rig = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return [
    `\`${command}\`, ${madeAt.slice(0, 10)}, ${Math.round(tookMs / 60_000)} minutes.`,
    `${machine.cores} cores (${machine.cpu}), ${machine.memoryGb} GB, ${machine.system}; ${rig.join(', ')}.`,
  ].join(' ')
}

export function headlineTable(report: Report): string {
  const byId = new Map(conclusionsOf(report).map((one) => [one.id, one]))
  const rows = headlines.map(({ claim, here }) => {
    const told = here.flatMap(([what, id]) => {
      const one = byId.get(id)
      return one === undefined ? [] : [`${what} **${valueOf(one)}**`]
    })
    return [claim, told.length > 0 ? told.join(', ') : 'not measured here']
  })
  return tableLines(['claimed', 'here'], ['---', '---'], rows).join('\n')
}

/** All of a part but its title. */
export function partMarkdown(part: Part, plotFolder = ''): string {
  const { about, workload, fair, tables, conclusions, plots, notMeasured, seeds, command } = part
  return [
    about,
    '',
    `**What is asked.** ${workload}`,
    '',
    `**Why it is fair.** ${fair}`,
    '',
    ...(conclusions.length > 0 ? [...conclusionLines(conclusions), ''] : []),
    ...plots.flatMap(({ name, alt }) => [`![${alt}](${plotFolder}${name}.svg)`, '']),
    ...tables.flatMap((table) => [...tableMarkdown(table), '']),
    ...notMeasured.flatMap((why) => [`*Not measured here:* ${why}`, '']),
    `Alone: \`${command}\`${seeds === undefined ? '' : `; seeds ${seeds}`}.`,
  ].join('\n')
}

function conclusionLines(conclusions: readonly Conclusion[]): string[] {
  const rows = conclusions.map((one) => [one.what, valueOf(one), barOf(one), verdictOf(one)])
  return tableLines(['', 'measured', 'bar', ''], ['---', '--:', '--:', '---'], rows)
}

export const valueOf = ({ value, unit, digits = 2 }: Conclusion): string =>
  Number.isFinite(value) ? withUnit(numberText(value, digits), unit) : numberText(value, digits)

function barOf({ bar, unit }: Conclusion): string {
  if (bar === undefined) return ''
  return 'most' in bar ? `≤ ${withUnit(`${bar.most}`, unit)}` : `≥ ${withUnit(`${bar.least}`, unit)}`
}

/** For a terminal. */
export function verdictLine(one: Conclusion): string {
  const { what, verdict, missedSince } = one
  const limit = barOf(one)
  const known = verdict === 'missed' && missedSince !== undefined ? ` (known: ${missedSince})` : ''
  return `${verdict.padEnd(10)}  ${what}: ${valueOf(one)}${limit === '' ? '' : `, bar ${limit}`}${known}`
}

const verdictOf = ({ verdict, missedSince }: Conclusion): string => {
  if (verdict === 'no bar') return ''
  if (verdict !== 'missed') return verdict
  return missedSince === undefined ? '**missed**' : `missed: ${missedSince}`
}

/** Dollars stand before their number, and "times" close behind it. */
function withUnit(number: string, unit: string): string {
  if (unit === '$') return `$${number}`
  return unit === 'x' || unit === '' ? `${number}${unit}` : `${number} ${unit}`
}
