import { groupedRows, meaningsOf, plainRows, type Rows } from './figures.ts'
import type { BenchReport, ScenarioReport } from './report.ts'

/** The report as a page. Its pictures lie beside it. */
export function markdownOf(report: BenchReport): string {
  const { target, machine, scenarios } = report
  const hasDirect = scenarios.some(({ figures }) => figures.some(({ direct }) => direct !== null))
  const servers = target.servers.map(
    ({ name, kind, version }) => `${name} (${kind}${version === undefined ? '' : ` ${version}`})`,
  )
  const left =
    target.left_out.length === 0 ? [] : [`Not asked, since they cost money: ${target.left_out.join(', ')}.`, '']
  return [
    `# ${target.model}, measured`,
    '',
    ...(report.is_whole ? [] : ['**It was broken off: some of it is missing.**', '']),
    `Through ${target.text}${hasDirect ? ', and straight from the same servers (*direct*)' : ''}.`,
    ...(servers.length === 0 ? [] : [`Servers: ${servers.join(', ')}.`]),
    `Prompts of about ${report.prompt_tokens} tokens and answers of about ${report.output_tokens}. A first token counts as in time within ${report.patience_ms / 1_000} s.`,
    '',
    ...left,
    `${report.at.slice(0, 10)}, Spillway ${report.spillway}, Node ${machine.node}, ${machine.cores} cores (${machine.cpu}), ${machine.memory_gb} GB, ${machine.system}, seed ${report.seed}.`,
    'The gateway, and whoever asked, ran on that machine. Again:',
    '',
    '```sh',
    report.command,
    '```',
    '',
    ...scenarios.flatMap((scenario) => section(scenario, hasDirect)),
  ].join('\n')
}

function section(scenario: ScenarioReport, hasDirect: boolean): string[] {
  const { title, about, figures, notes, plots, is_whole: isWhole } = scenario
  return [
    `## ${title}`,
    '',
    about,
    '',
    ...(isWhole ? [] : ['*Not all of it was done.*', '']),
    ...tableLines(plainRows(figures, hasDirect)),
    ...tableLines(groupedRows(figures, hasDirect)),
    ...notes.map((note) => `- ${inOneLine(note)}`),
    ...(notes.length > 0 ? [''] : []),
    ...plots.flatMap(({ name, title: alt }) => [`![${alt}](${name}.svg)`, '']),
    ...meaningsOf(figures).map(([what, means]) => `*${what}*: ${means}. `),
    '',
  ]
}

function tableLines({ head, rows }: Rows): string[] {
  if (rows.length === 0) return []
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => inOneLine(cell).replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(['---', ...head.slice(1).map(() => '--:')]), ...rows.map(line), '']
}

const inOneLine = (text: string): string => text.replaceAll(/\s+/g, ' ')
