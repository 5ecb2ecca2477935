import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type ArmName, type ArmOptions, startArm, startMock } from './arms.ts'
import { measuredCore, otherCore } from './machine.ts'
import type { Measured } from './measures.ts'
import { disturbedShare, judge, type Rounds, shown, type Verdict } from './report.ts'
import { type Scenario, scenarios } from './scenarios.ts'

const usage = `Measures Spillway beside nginx, in one run on one machine. Linux, two cores, nginx and taskset are needed.

  npm run bench -- [options]

  --scenario a,b      only these: ${scenarios.map(({ name }) => name).join(', ')}
  --quick             one round of two seconds: whether it works, not what it costs
  --rounds 3          how often each arm takes its turn
  --seconds 5         how long each turn is counted
  --transport own     own | undici: Spillway's client towards the servers
  --before DIR        beside them an earlier Spillway that is checked out there
  --json              all that was seen, for programs

It ends with 1 when a bar is missed.`

interface Options {
  readonly rounds: number
  readonly seconds: number
  readonly transport: NonNullable<ArmOptions['transport']>
  readonly before: string | undefined
  /** A window in which something else used the machine is measured again, so often. */
  readonly again: number
}

async function run(scenario: Scenario, { rounds, seconds, transport, before, again }: Options): Promise<Rounds> {
  const arms: readonly ArmName[] = before === undefined ? scenario.arms : [...scenario.arms, 'before']
  const all = new Map<ArmName, Measured[]>(arms.map((name) => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    // Arm after arm and round after round, to and fro, so that a slow minute of the machine hits all of them.
    for (const name of round % 2 === 0 ? arms : arms.toReversed()) {
      for (let left = again; left >= 0; left -= 1) {
        const measured = await once(scenario, name, { seconds, transport, before })
        if (measured === undefined) break
        all.get(name)!.push(measured)
        if (measured.window.foreignShare <= disturbedShare) break
      }
    }
  }
  return all
}

async function once(
  scenario: Scenario,
  name: ArmName,
  { seconds, transport, before }: Pick<Options, 'seconds' | 'transport' | 'before'>,
): Promise<Measured | undefined> {
  // With nothing in between, the way from core to core is part of what is compared: a wake-up across it is not free.
  const mock = await startMock({ ...scenario.mock, core: name === 'direct' ? measuredCore : otherCore })
  const arm = await startArm(name, { ...scenario.arm, transport, before })
  try {
    return await scenario.measure(arm, mock, seconds)
  } catch (error) {
    console.error(`${scenario.name}: ${(error as Error).message}`)
    return undefined
  } finally {
    await arm.proc?.end()
    await mock.end()
  }
}

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
if (process.platform !== 'linux')
  give('The benchmark reads /proc and pins cores with taskset: it runs on Linux only.', 2)
for (const tool of ['nginx', 'taskset']) {
  try {
    execFileSync('which', [tool], { stdio: 'ignore' })
  } catch {
    give(`${tool} is needed: apt-get install nginx util-linux`, 2)
  }
}
execFileSync('taskset', ['-a', '-cp', String(otherCore), String(process.pid)], { stdio: 'ignore' })

const options: Options = {
  rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
  seconds: Number(values.seconds ?? (values.quick ? 2 : 5)),
  transport: values.transport === 'undici' ? 'undici' : 'own',
  before: values.before === undefined ? undefined : resolve(values.before),
  again: values.quick ? 0 : 2,
}
const verdicts: Verdict[] = []
for (const scenario of wanted) {
  const verdict = judge(scenario, await run(scenario, options))
  verdicts.push(verdict)
  if (!values.json) console.log(`${shown(verdict)}\n`)
}
const missed = verdicts.filter(({ isMet }) => !isMet).length
if (values.json) console.log(JSON.stringify({ options, verdicts }, undefined, 2))
else {
  console.log(`${verdicts.length - missed} bars met, ${missed} missed; medians of calm windows.`)
  console.log(`Again: npm run bench -- ${process.argv.slice(2).join(' ')}`)
}
process.exit(missed === 0 ? 0 : 1)
