import { parseArgs } from 'node:util'
import { armsKnown } from './arms/index.ts'
import { inVirtualTime, Player } from './play.ts'
import { playReal } from './real/run.ts'
import { told } from './report.ts'
import type { Scenario } from './scenario.ts'
import { socketArmOf } from './sockets/arms.ts'
import { driveOnSockets } from './sockets/drive.ts'
import { find, type Found, foundTable, type WrongStart, wrongStarts } from './wrong-start.ts'
import { scenarios } from './scenarios/index.ts'

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    seeds: { type: 'string', default: '1-3' },
    arms: { type: 'string' },
    minutes: { type: 'string' },
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

const usage = `Plays the scenarios of admission in virtual time: the production gateway in its default configuration, and what
people use instead, in front of the same simulated servers.

  npm run bench:virtual -- [options]

  --scenario a,b      only these, or those that begin so:
                      ${[...scenarios, ...wrongStarts].map(({ name }) => name).join(', ')}
  --seeds 301-310     (1-3)
  --arms a,b          in place of those of the scenario:
                      ${armsKnown}
  --minutes 40        simulated time of each run, in place of the scenario's
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

const player = new Player((scenario, arm, seed) =>
  values.sockets
    ? driveOnSockets(scenario, socketArmOf(arm), { seed, speed: Number(values.speed) })
    : inVirtualTime(scenario, arm, seed),
)

async function play(scenario: Scenario): Promise<void> {
  const { lengthMs, name } = scenario
  const wished = { ...scenario, lengthMs: values.minutes === undefined ? lengthMs : Number(values.minutes) * 60_000 }
  const { capacity, rows } = await player.play(wished, values.arms?.split(',') ?? wished.arms, [firstSeed, lastSeed])
  const measured = rows.map(({ arm, seeds }) => ({ arm, seeds }))
  console.log(values.json ? JSON.stringify({ scenario: name, capacity, rows: measured }) : told(wished, rows))
}

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
  if (some.length + starts.length === 0) throw new Error(`There is no scenario called ${values.scenario}.`)
  for (const scenario of some) await play(scenario)
  if (starts.length > 0) await search(starts)
}
