import { parseArgs } from 'node:util'
import { armOf, armsKnown } from './arms/index.ts'
import { capacityOf } from './capacity.ts'
import { drive } from './drive.ts'
import { measure } from './measures.ts'
import { type Row, told } from './report.ts'
import { scenarios } from './scenarios/index.ts'

const usage = `Plays the scenarios of admission in virtual time: the production gateway in its default configuration, and what
people use instead, in front of the same simulated servers.

  npm run bench:virtual -- [options]

  --scenario a,b      only these, or those that begin so: ${scenarios.map(({ name }) => name).join(', ')}
  --seeds 301-310     (1-3)
  --arms a,b          in place of those of the scenario: ${armsKnown}
  --minutes 40        simulated time of each run, in place of the scenario's
  --json              all measures of all seeds, for programs`

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    seeds: { type: 'string', default: '1-3' },
    arms: { type: 'string' },
    minutes: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  console.log(usage)
  process.exit()
}

const wanted = values.scenario?.split(',')
const chosen = scenarios.filter(({ name }) => wanted?.some((one) => name === one || name.startsWith(`${one}-`)) ?? true)
if (chosen.length === 0) throw new Error(`There is no scenario called ${values.scenario}.`)
const [first = 1, last = first] = values.seeds.split('-').map(Number)

for (const scenario of chosen) {
  const { lengthMs } = scenario
  const played = { ...scenario, lengthMs: values.minutes === undefined ? lengthMs : Number(values.minutes) * 60_000 }
  const capacity = await capacityOf(played)
  const rows: Row[] = []
  for (const arm of values.arms?.split(',') ?? played.arms) {
    const seeds = []
    for (let seed = first; seed <= last; seed += 1) seeds.push(measure(await drive(played, armOf(arm), seed), capacity))
    rows.push({ arm, seeds })
  }
  console.log(values.json ? JSON.stringify({ scenario: scenario.name, capacity, rows }) : `${told(played, rows)}\n`)
}
