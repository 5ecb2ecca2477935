import { isInstalled } from '../overhead/arms.ts'
import { conclude, type Conclusion, type Finding } from '../report/conclusion.ts'
import { type Findings, type How, nothing, type PartPlan } from '../report/part.ts'
import { capacityOf } from '../virtual/capacity.ts'
import type { History } from '../virtual/drive.ts'
import { countedTrips, measure, type Measures } from '../virtual/measures.ts'
import { type Row, tablesOf } from '../virtual/report.ts'
import type { Scenario } from '../virtual/scenario.ts'
import { outages } from '../virtual/scenarios/outage.ts'
import { socketArmOf } from '../virtual/sockets/arms.ts'
import { driveOnSockets } from '../virtual/sockets/drive.ts'
import { watchingLateness } from './lateness.ts'

/** So many times faster everybody's clock goes. */
const speed = 4
/** Later than that by the clock of the scenario, and it is this machine that is measured. */
const lateMostMs = 250
/** Tokens that both say in a second. */
const together = 240

/** All arms and seeds of one history play at the same time, each before two servers of its own. */
interface Run {
  readonly name: string
  readonly arms: Readonly<Record<string, number>>
}

const runs: readonly Run[] = [
  { name: 'outage', arms: { nginx: 1, 'nginx-conn:8': 1, spillway: 3 } },
  { name: 'outage-full', arms: { 'nginx-conn:12': 1, spillway: 2 } },
]

export const twoInstances: PartPlan = {
  name: 'two-instances',
  title: 'One of two servers dies, on real sockets',
  about:
    'Two instances say 240 tokens a second where one says 120. One dies with all it has in hand and is back a minute later: who is served meanwhile, how much of what the survivor can do it does in time, and whether there is a second dip when the other is back.',
  workload: `Two simulated servers of four slots behind sockets, 120 tokens a second each, asked for 168 tokens a second; one is down from 60 s to 120 s. An answer is in time when its first token came within 3 s. Then the same, asked for 360, for what both do together. Everybody's time passes ${speed} times as fast.`,
  fair: 'nginx is the program, in front of the same servers, in turn and past those that do not answer; and with `limit_conn` 8 or 12, which is what somebody has to know who wants its callers served in time at all.',
  kind: 'paced',
  atMostMs: 4 * 60_000,
  play,
}

async function play(how: How): Promise<Findings> {
  if (!isInstalled('nginx')) return { ...nothing, notMeasured: ['nginx is not here: apt-get install nginx'] }
  const [first] = how.seeds ?? [1]
  const played = new Map<string, readonly Row[]>()
  const tables = []
  const notMeasured: string[] = []
  for (const run of how.quick ? runs.slice(0, 1) : runs) {
    how.say(`${run.name}: a server dies`)
    const parts = outages.filter((scenario) => scenario.run === run.name)
    const { result: histories, tooLate } = await watchingLateness(() => historiesOf(parts[0]!, run, first, how.quick), {
      mostMs: lateMostMs,
      speed,
    })
    if (tooLate !== undefined) notMeasured.push(`${run.name}: ${tooLate}`)
    for (const scenario of parts) {
      const rows = await rowsOf(scenario, histories)
      if (tooLate === undefined) played.set(scenario.name, rows)
      tables.push(...tablesOf(scenario, rows))
    }
  }
  return { ...nothing, tables, conclusions: follow(played), notMeasured, seeds: `${first} to ${first + 2}` }
}

type Histories = ReadonlyMap<string, readonly History[]>

async function historiesOf(scenario: Scenario, { arms }: Run, first: number, quick: boolean): Promise<Histories> {
  const some = quick ? { ...scenario, lengthMs: 70_000 } : scenario
  const all = Object.entries(arms).map(async ([arm, seeds]) => {
    const each = Array.from({ length: quick ? 1 : seeds }, (_, i) =>
      driveOnSockets(some, socketArmOf(arm), { seed: first + i, speed: quick ? 20 : speed }),
    )
    return [arm, await Promise.all(each)] as const
  })
  return new Map(await Promise.all(all))
}

async function rowsOf(scenario: Scenario, histories: Histories): Promise<readonly Row[]> {
  const capacity = await capacityOf(scenario)
  return Array.from(histories, ([arm, all]) => {
    const looked = all.map((history) => ({ ...history, scenario }))
    return { arm, seeds: looked.map((one) => measure(one, capacity)), trips: looked.flatMap(countedTrips) }
  })
}

function follow(played: ReadonlyMap<string, readonly Row[]>): readonly Conclusion[] {
  const own = (scenario: string, of: (seed: Measures) => number): readonly number[] =>
    played
      .get(scenario)
      ?.find(({ arm }) => arm === 'spillway')
      ?.seeds.map(of)
      .filter((value) => !Number.isNaN(value)) ?? []
  const homes = ['outage-before', 'outage-during', 'outage-return', 'outage-after']
  const failed = homes.map((name) => own(name, (seed) => 100 * seed.failed))
  const all: readonly (Omit<Finding, 'value' | 'kind'> & { readonly windows: readonly number[] })[] = [
    {
      id: 'two-instances.failed',
      what: 'failed without a word having been said, in the worst stretch',
      unit: '%',
      digits: 1,
      bar: { most: 0 },
      windows: (failed[0] ?? []).map((_, seed) => Math.max(...failed.map((some) => some[seed] ?? 0))),
    },
    {
      id: 'two-instances.survivor',
      what: 'on-time work while one is down, of what one can do',
      unit: '%',
      digits: 1,
      bar: { least: 98 },
      windows: own('outage-during', (seed) => 100 * seed.onTimeWork),
    },
    {
      id: 'two-instances.return',
      what: 'in time in the first twenty seconds after it is back: no second dip',
      unit: '%',
      digits: 1,
      bar: { least: 98 },
      windows: own('outage-return', (seed) => 100 * seed.inTime),
    },
    {
      id: 'two-instances.together',
      what: 'tokens a second of both together, asked for more than they can say',
      unit: 'tokens/s',
      digits: 0,
      bar: { least: 235 },
      windows: own('outage-full-after', (seed) => seed.wholeWork * together),
    },
  ]
  return all
    .filter(({ windows }) => windows.length > 0)
    .map((finding) => {
      const value = finding.windows.reduce((sum, one) => sum + one, 0) / finding.windows.length
      return conclude({ ...finding, value, kind: 'absolute' })
    })
}
