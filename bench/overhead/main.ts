import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Cell, Column, Table } from '../report/part.ts'
import type { Conclusion } from '../report/conclusion.ts'
import { playOverhead } from './part.ts'
import { scenarios } from './scenarios.ts'

const usage = `Measures what Spillway costs beside what else people put in between, in one run on one machine.

  node bench/overhead/main.ts [options]

  --scenario a,b      only these: ${scenarios.map(({ name }) => name).join(', ')}
  --quick             one round of one second: whether it works, not what it costs
  --rounds 3          how often each arm takes its turn of which a bar speaks
  --seconds 2.5       how long each turn is counted
  --transport own     own | undici: Spillway's client towards the servers
  --before DIR        beside them an earlier Spillway that is checked out there
  --json              all that was seen, for programs

It ends with 1 when a bar is missed.`

function give(text: string, code: number): never {
  console.error(text)
  process.exit(code)
}

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    transport: { type: 'string', default: 'own' },
    before: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) give(usage, 0)
const names = values.scenario?.split(',') ?? scenarios.map(({ name }) => name)
const wanted = names.map(
  (name) =>
    scenarios.find((scenario) => scenario.name === name) ?? give(`There is no scenario ${name}.\n\n${usage}`, 2),
)

const say = (doing: string): void => void (process.stderr.isTTY && process.stderr.write(`\r\u001B[K${doing}`))
const findings = await playOverhead(
  wanted,
  { quick: values.quick, say },
  {
    ...(values.rounds === undefined ? {} : { rounds: Number(values.rounds) }),
    ...(values.seconds === undefined ? {} : { seconds: Number(values.seconds) }),
    transport: values.transport === 'undici' ? 'undici' : 'own',
    before: values.before === undefined ? undefined : resolve(values.before),
  },
)
say('')
if (values.json) console.log(JSON.stringify(findings, undefined, 2))
else {
  for (const table of findings.tables) console.log(`${shown(table)}\n`)
  for (const conclusion of findings.conclusions) console.log(told(conclusion))
  for (const reason of findings.notMeasured) console.log(`not measured: ${reason}`)
}
process.exit(findings.conclusions.some(({ verdict }) => verdict === 'missed') ? 1 : 0)

function shown({ title, columns, rows }: Table): string {
  const cells = [
    columns.map(({ head }) => head),
    ...rows.map((row) => row.map((cell, at) => textOf(cell, columns[at]!))),
  ]
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => row[at]!.length)))
  const lines = cells.map((row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))),
  )
  return [title, ...lines.map((row) => `  ${row.join('  ')}`)].join('\n')
}

function textOf(cell: Cell, { digits = 0 }: Column): string {
  if (cell === undefined) return ''
  if (typeof cell === 'object') return `${cell.mean.toFixed(digits)} ± ${cell.spread.toFixed(digits)}`
  return typeof cell === 'number' ? cell.toFixed(digits) : cell
}

function told({ what, value, unit, digits = 0, bar, verdict }: Conclusion): string {
  const limit = bar === undefined ? '' : 'most' in bar ? `at most ${bar.most}` : `at least ${bar.least}`
  return `${verdict.padEnd(10)}  ${what}: ${value.toFixed(digits)} ${unit}, bar ${limit}`
}
