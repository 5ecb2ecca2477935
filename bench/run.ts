import { execFileSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { type ArmName, startArm, startMock } from './arms.ts'
import { machineTicks } from './process.ts'
import { type Measured, type Scenario, scenarios } from './scenarios.ts'

/**
 * Spillway beside nginx, in one run on one machine: `npm run bench -- [--scenario small,frames] [--rounds 3]
 * [--seconds 5] [--transport own|undici] [--json]`. What is measured has core 0 to itself; callers and server share core 1.
 */
const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    transport: { type: 'string', default: 'own' },
    json: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
const wanted = values.scenario?.split(',')

interface Row {
  readonly scenario: Scenario
  readonly arms: ReadonlyMap<ArmName, readonly Measured[]>
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN
const medianOf = (measured: readonly Measured[] = []): number => median(measured.map(({ figure }) => figure))

async function run(scenario: Scenario): Promise<Row> {
  const arms = new Map<ArmName, Measured[]>(scenario.arms.map((name) => [name, []]))
  // Arm after arm and round after round, so that a slow minute of the machine hits all of them.
  for (let round = 0; round < rounds; round += 1) {
    for (const name of scenario.arms) {
      const mock = await startMock(scenario.mock)
      const transport = values.transport === 'undici' ? 'undici' : 'own'
      const arm = await startArm(name, { ...scenario.arm, transport })
      try {
        const before = machineTicks()
        const measured = await scenario.measure(arm, mock, seconds)
        const stolen = machineTicks().steal - before.steal
        arms.get(name)!.push({ ...measured, notes: { ...measured.notes, stolenTicks: stolen } })
      } catch (error) {
        console.error(`${scenario.name}, ${name}: ${(error as Error).message}`)
      } finally {
        await arm.proc?.end()
        await mock.end()
      }
    }
  }
  return { scenario, arms }
}

/** An arm's figure as the bar counts it: latency is what is added to direct, and a ratio is to nginx. */
function judged({ arms }: Row, name: ArmName): { readonly figure: number; readonly ratio: number } {
  const direct = medianOf(arms.get('direct'))
  const base = Number.isNaN(direct) ? 0 : direct
  const figure = medianOf(arms.get(name)) - base
  return { figure, ratio: figure / (medianOf(arms.get('nginx')) - base) }
}

function report(row: Row): { readonly line: string; readonly met: boolean } {
  const { scenario, arms } = row
  const { bar, unit } = scenario
  const own = judged(row, 'spillway')
  const met = 'most' in bar ? own.figure <= bar.most : own.ratio <= bar.timesNginx
  const cells = [...arms.keys()]
    .filter((name) => name !== 'direct')
    .map((name) => {
      const { figure, ratio } = judged(row, name)
      return `${name} ${figure.toFixed(figure < 10 ? 2 : 1)} ${unit}${name === 'nginx' || Number.isNaN(ratio) ? '' : ` (${ratio.toFixed(2)}x)`}`
    })
  const limit = 'most' in bar ? `${bar.most} ${unit}` : `${bar.timesNginx}x nginx`
  return {
    met,
    line: `${met ? 'met   ' : 'MISSED'} ${scenario.name.padEnd(18)} bar ${limit.padEnd(11)} ${cells.join('   ')}\n       ${scenario.about}`,
  }
}

if (process.platform !== 'linux') {
  console.error('The benchmark reads /proc and pins cores with taskset: it runs on Linux only.')
  process.exit(2)
}
for (const tool of ['nginx', 'taskset']) {
  try {
    execFileSync('which', [tool], { stdio: 'ignore' })
  } catch {
    console.error(`${tool} is needed: apt-get install nginx util-linux`)
    process.exit(2)
  }
}

const rows: Row[] = []
let missed = 0
for (const scenario of scenarios) {
  if (wanted !== undefined && !wanted.includes(scenario.name)) continue
  const row = await run(scenario)
  rows.push(row)
  const { line, met } = report(row)
  if (!met) missed += 1
  if (!values.json) console.log(line)
}
if (values.json) {
  console.log(
    JSON.stringify(
      rows.map(({ scenario, arms }) => ({
        scenario: scenario.name,
        bar: scenario.bar,
        arms: Object.fromEntries(arms),
      })),
      undefined,
      2,
    ),
  )
} else {
  console.log(
    `\n${rows.length - missed} bars met, ${missed} missed. ${rounds} rounds of ${seconds} s, medians. Again: npm run bench -- ${process.argv.slice(2).join(' ')}`,
  )
}
process.exitCode = missed === 0 ? 0 : 1
