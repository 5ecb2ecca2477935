import { monitorEventLoopDelay } from 'node:perf_hooks'
import { conclude } from '../../report/conclusion.ts'
import type { Cell, Findings, How, PartPlan } from '../../report/part.ts'
import type { Measures } from '../measures.ts'
import { inVirtualTime, type Played, Player } from '../play.ts'
import type { Scenario } from '../scenario.ts'
import { overload } from '../scenarios/overload.ts'
import { prefixSynthetic } from '../scenarios/prefix.ts'
import { serials } from '../scenarios/serial.ts'
import { surges } from '../scenarios/surge.ts'
import { switchings } from '../scenarios/switching.ts'
import { socketArmOf } from '../sockets/arms.ts'
import { driveOnSockets } from '../sockets/drive.ts'
import { missing } from '../sockets/nginx.ts'
import { meanOf, percent, seconds } from './plan.ts'

/** One figure of a scenario, on sockets beside the same in virtual time. */
interface Beside {
  readonly scenario: Scenario
  readonly minutes: number
  readonly speed: number
  readonly arms: readonly string[]
  readonly what: string
  readonly unit: string
  readonly of: (seed: Measures) => number
  /** How far the two may lie apart, in that unit. */
  readonly most: number
}

const seed = 801
/** Of the time of the scenario: more than that, and it is this machine that is measured. */
const lateMostMs = 250
const named = (some: readonly Scenario[], name: string): Scenario => some.find((one) => one.name === name)!

const all: readonly Beside[] = [
  {
    scenario: overload,
    minutes: 6,
    speed: 20,
    arms: ['cap:7', 'spillway:deadline=4200'],
    what: 'p99 of the whole answer',
    unit: 's',
    of: seconds(({ totalP99Ms }) => totalP99Ms),
    most: 0.4,
  },
  {
    scenario: named(surges, 'surge-2'),
    minutes: 2,
    speed: 10,
    arms: ['nginx-conn:6', 'nginx-conn:12', 'spillway'],
    what: 'on-time work, of capacity',
    unit: '%',
    of: percent(({ onTimeWork }) => onTimeWork),
    most: 6,
  },
  {
    scenario: named(serials, 'serial-1-8s'),
    minutes: 12,
    speed: 60,
    arms: ['cap:2', 'spillway'],
    what: 'requests to the cloud',
    unit: '%',
    of: percent(({ outRequests }) => outRequests),
    most: 3,
  },
  {
    scenario: named(switchings, 'switching'),
    minutes: 6,
    speed: 20,
    arms: ['nginx', 'spillway'],
    what: 'loading for each request',
    unit: 'ms',
    of: ({ loadingMs }) => loadingMs,
    most: 30,
  },
  {
    scenario: prefixSynthetic,
    minutes: 2,
    speed: 6,
    arms: ['nginx', 'spillway'],
    what: 'prompt tokens still known',
    unit: '%',
    of: percent(({ cached }) => cached),
    most: 4,
  },
]

/** On sockets an arm is a program; in virtual time it has another name there. */
const virtualArm = (arm: string): string => (arm === 'nginx' ? 'direct' : arm)

export const socketsPart: PartPlan = {
  name: 'sockets',
  title: 'The same scenarios on real sockets',
  about:
    'Whether what is played in virtual time is true of programs on a network: the same scenario files, with simulated servers behind sockets, a real nginx, and Spillway’s own door, everybody’s clock going six to sixty times faster.',
  workload:
    'A few to twelve minutes of each scenario from one seed, after its first minutes; the arms of a scenario play at the same time. One of two servers that dies has a part of its own.',
  fair: 'nginx is the program with `proxy_buffering off` and kept connections; caps and callers’ habits are the same code as in virtual time, in front of the same servers.',
  kind: 'paced',
  atMostMs: 6 * 60_000,
  play,
}

async function play({ quick, seeds, say }: How): Promise<Findings> {
  const first = seeds?.[0] ?? seed
  const rows: Cell[][] = []
  const gaps = new Map<Beside, number>()
  const why = missing()
  const tooLate: string[] = []
  for (const beside of quick ? all.slice(0, 2) : all) {
    const { scenario: whole, minutes, speed, what, unit, of } = beside
    const arms = beside.arms.filter((arm) => why === undefined || !arm.startsWith('nginx'))
    const lengthMs = whole.countedFromMs + (quick ? 0.5 : minutes) * 60_000
    const scenario = { ...whole, lengthMs: Math.min(lengthMs, whole.lengthMs) }
    say(`${scenario.name}, ${speed} times as fast`)
    const delays = monitorEventLoopDelay({ resolution: 5 })
    delays.enable()
    const onSockets = await Promise.all(
      arms.map((arm) =>
        new Player((some, name, chance) => driveOnSockets(some, socketArmOf(name), { seed: chance, speed })).play(
          scenario,
          [arm],
          [first, first],
        ),
      ),
    )
    delays.disable()
    // Who comes late here comes so many times later there.
    const lateMs = (delays.percentile(99) / 1e6) * speed
    const isLate = lateMs > lateMostMs
    if (isLate)
      tooLate.push(
        `${scenario.name}: the machine had something else to do, and one turn in a hundred was ${Math.round(lateMs)} ms late`,
      )
    for (const [at, arm] of arms.entries()) {
      const virtual = await new Player(inVirtualTime).play(scenario, [virtualArm(arm)], [first, first])
      const [real, meant] = [meanOf(onSockets[at]!, arm, of), meanOf(virtual, virtualArm(arm), of)]
      rows.push([
        scenario.name,
        arm,
        `${what}, ${unit}`,
        real,
        meant,
        real - meant,
        failedOf(onSockets[at]!, arm),
        lateMs,
      ])
      if (!isLate) gaps.set(beside, Math.max(gaps.get(beside) ?? 0, Math.abs(real - meant)))
    }
  }
  return {
    tables: [
      {
        title: 'On sockets and in virtual time',
        columns: [
          { head: 'scenario' },
          { head: 'arm' },
          { head: 'what' },
          { head: 'on sockets', digits: 2 },
          { head: 'virtual', digits: 2 },
          { head: 'apart', digits: 2 },
          { head: 'failed %', digits: 1 },
          { head: 'late p99 ms', digits: 0 },
        ],
        rows,
      },
    ],
    conclusions: Array.from(gaps, ([{ scenario, what, unit, most }, value]) =>
      conclude({
        id: `sockets.${scenario.name}`,
        what: `${scenario.name}, ${what}: sockets and virtual time apart, at most`,
        value,
        unit,
        digits: 1,
        bar: { most },
        kind: 'absolute',
      }),
    ),
    plots: [],
    notMeasured: [...(why === undefined ? [] : [why]), ...tooLate],
    seeds: `${first}`,
  }
}

const failedOf = (played: Played, arm: string): number =>
  meanOf(
    played,
    arm,
    percent(({ failed }) => failed),
  )
