import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { armOf, armsKnown } from './arms/index.ts'
import { capacityOf } from './capacity.ts'
import { drive, type History } from './drive.ts'
import { measure } from './measures.ts'
import { playReal } from './real/run.ts'
import { type Row, told } from './report.ts'
import type { Scenario } from './scenario.ts'
import { socketArmOf } from './sockets/arms.ts'
import { driveOnSockets } from './sockets/drive.ts'
import { find, type Found, foundTable, type WrongStart, wrongStarts } from './wrong-start.ts'
import { recordedScenarios, scenariosWith } from './scenarios/index.ts'

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    seeds: { type: 'string', default: '1-3' },
    arms: { type: 'string' },
    minutes: { type: 'string' },
    traces: { type: 'string', default: join(import.meta.dirname, '../../../shared/data/traces') },
    sockets: { type: 'boolean', default: false },
    speed: { type: 'string', default: '10' },
    real: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '75' },
    times: { type: 'string', default: '4' },
    deadline: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const scenarios = scenariosWith(values.traces)

const usage = `Plays the scenarios of admission in virtual time: the production gateway in its default configuration, and what
people use instead, in front of the same simulated servers.

  npm run bench:virtual -- [options]

  --scenario a,b      only these, or those that begin so:
                      ${[...scenarios, ...wrongStarts].map(({ name }) => name).join(', ')}
  --seeds 301-310     (1-3)
  --arms a,b          in place of those of the scenario:
                      ${armsKnown}
  --minutes 40        simulated time of each run, in place of the scenario's
  --traces DIR        where recorded traces are: ${Object.values(recordedScenarios).join(', ')}
  --sockets           on this machine's network instead, behind real nginx and Spillway's own door, in minutes of real time
  --speed 10          how many times faster time passes there
  --real              two real llama-servers instead, of four slots each, beside all that people put before them
  --seconds 75        of each arm there
  --times 4           of what the two can do
  --deadline 3        how long an answer is of use: so many times what it takes alone
  --json              all measures of all seeds, for programs`

const wanted = values.scenario?.split(',')
const isWanted = ({ name }: { readonly name: string }): boolean =>
  wanted?.some((one) => name === one || name.startsWith(`${one}-`)) ?? true
const [firstSeed = 1, lastSeed = firstSeed] = values.seeds.split('-').map(Number)

async function play(scenario: Scenario): Promise<void> {
  const { lengthMs, name, recorded = false } = scenario
  const wished = { ...scenario, lengthMs: values.minutes === undefined ? lengthMs : Number(values.minutes) * 60_000 }
  const capacity = await capacityOf(wished)
  const rows: Row[] = []
  for (const arm of values.arms?.split(',') ?? wished.arms) {
    const seeds = []
    for (let seed = firstSeed; seed <= (recorded ? firstSeed : lastSeed); seed += 1)
      seeds.push(measure(await history(wished, arm, seed), capacity))
    rows.push({ arm, seeds })
  }
  console.log(values.json ? JSON.stringify({ scenario: name, capacity, rows }) : `${told(wished, rows)}\n`)
}

/** Of the run that is being looked at. */
const played = new Map<string, Promise<History>>()
let playing: string | undefined

function history(scenario: Scenario, arm: string, seed: number): Promise<History> {
  const { run, lengthMs } = scenario
  if (run === undefined) return playOnce(scenario, arm, seed)
  if (run !== playing) played.clear()
  playing = run
  const key = `${arm} ${seed} ${lengthMs}`
  const known = played.get(key) ?? playOnce(scenario, arm, seed)
  played.set(key, known)
  return known.then((one) => ({ ...one, scenario }))
}

const playOnce = (scenario: Scenario, arm: string, seed: number): Promise<History> =>
  values.sockets
    ? driveOnSockets(scenario, socketArmOf(arm), { seed, speed: Number(values.speed) })
    : drive(scenario, armOf(arm), seed)

async function search(some: readonly WrongStart[]): Promise<void> {
  const all: [WrongStart, Found[]][] = []
  for (const one of some) {
    const seeds: Found[] = []
    for (let seed = firstSeed; seed <= lastSeed; seed += 1) seeds.push(await find(one, seed))
    all.push([one, seeds])
  }
  console.log(values.json ? JSON.stringify(all.map(([{ name }, seeds]) => ({ name, seeds }))) : foundTable(all))
}

if (values.help) console.log(usage)
else if (values.real) {
  const { seconds, times, deadline, arms } = values
  await playReal({
    seconds: Number(seconds),
    times: Number(times),
    deadline: Number(deadline),
    seed: firstSeed,
    arms: arms?.split(','),
  })
} else {
  const some = scenarios.filter(isWanted)
  const starts = wrongStarts.filter(isWanted)
  for (const [name, file] of Object.entries(recordedScenarios)) {
    if (isWanted({ name }) && !scenarios.some((scenario) => scenario.name === name))
      console.error(`${name} is left out: there is no ${file} in ${values.traces}`)
  }
  if (some.length + starts.length === 0) throw new Error(`There is no scenario called ${values.scenario}.`)
  for (const scenario of some) await play(scenario)
  if (starts.length > 0) await search(starts)
}
