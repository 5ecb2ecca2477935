import type { Gateway } from '../../src/gateway.ts'
import { machine } from '../../src/sim/fleet.ts'
import { likes, type ServerKind } from '../../src/sim/server-spec.ts'
import { poisson } from '../../src/sim/workload.ts'
import { spillway } from './arms/spillway.ts'
import { drive } from './drive.ts'
import type { Scenario } from './scenario.ts'
import { fourSlots, plain } from './scenarios/overload.ts'
import { serial, serials } from './scenarios/serial.ts'
import type { Stage } from './stage.ts'

/** A server whose right concurrency is known here and not to the gateway, which begins with another. */
export interface WrongStart {
  readonly name: string
  readonly about: string
  readonly scenario: Scenario
  readonly startsAt: number
  /** One more than it can do at once costs little, where it does several: it is there when a place falls free. */
  readonly right: readonly [least: number, most: number]
}

/** What was seen of one. */
export interface Found {
  /** Until it was right for the first time; undefined for never. */
  readonly afterMs: number | undefined
  /** Of the time from 30 s on: when it was right, and what it was on average. */
  readonly rightShare: number
  readonly meanPlaces: number
}

const lengthMs = 630_000
const learnedByMs = 30_000
const lookEveryMs = 250

/** A kind that tells nothing of how much it can do at once, and the one of the scenario. */
const wrongStart = (
  name: string,
  base: Scenario,
  { kind, startsAt, right, load }: Omit<WrongStart, 'name' | 'about' | 'scenario'> & { kind: ServerKind; load: number },
): WrongStart => {
  const { server } = base.fleet[0]!
  const { kind: _, ...same } = server
  const seconds = base === onFour ? 1 / 3.1 : 4
  return {
    name: `wrong-start-${name}`,
    about: `begins at ${startsAt} where ${right[0]} is right; ${kind}, ${load} times what it can do`,
    startsAt,
    right,
    scenario: {
      ...base,
      fleet: [machine(likes[kind](same)), ...base.fleet.slice(1)],
      workload: { ...base.workload, arrivals: poisson(load / seconds) },
      lengthMs,
      countedFromMs: 0,
    },
  }
}

const onFour: Scenario = {
  name: 'four',
  about: '',
  workload: plain,
  fleet: [fourSlots],
  lengthMs,
  countedFromMs: 0,
  wishes: { patienceMs: 4_000, deadlineMs: 6_000 },
  onTime: {},
  arms: [],
}
const onOne: Scenario = { ...serials[0]!, fleet: [serial], wishes: { patienceMs: 8_000, deadlineMs: 12_000 } }

const four = { startsAt: 1, right: [4, 5] } as const
const one = { startsAt: 8, right: [1, 1] } as const

export const wrongStarts: readonly WrongStart[] = [
  wrongStart('1-for-4', onFour, { ...four, kind: 'generic', load: 1.5 }),
  wrongStart('1-for-4-at-0.9', onFour, { ...four, kind: 'generic', load: 0.9 }),
  wrongStart('1-for-4-told', onFour, { ...four, kind: 'llamacpp', load: 1.5 }),
  wrongStart('16-for-4', onFour, { ...four, startsAt: 16, kind: 'generic', load: 1.5 }),
  wrongStart('8-for-1', onOne, { ...one, kind: 'generic', load: 1.5 }),
  wrongStart('8-for-1-at-0.9', onOne, { ...one, kind: 'generic', load: 0.9 }),
  wrongStart('8-for-1-ollama', onOne, { ...one, kind: 'ollama', load: 1.5 }),
]

export async function find({ scenario, startsAt, right: [least, most] }: WrongStart, seed: number): Promise<Found> {
  let gateway: Gateway | undefined
  let afterMs: number | undefined
  let looks = 0
  let right = 0
  let sum = 0
  const look = async ({ world }: Stage): Promise<void> => {
    const beganAt = world.now()
    for (let atMs = 0; atMs < lengthMs; atMs = world.now() - beganAt) {
      const [place] = gateway!.fleet.upstreams[0]!.places().values()
      const places = place?.limit.value ?? startsAt
      const isRight = places >= least && places <= most
      if (isRight) afterMs ??= atMs
      if (atMs >= learnedByMs) {
        looks += 1
        sum += places
        if (isRight) right += 1
      }
      await world.sleep(lookEveryMs)
    }
  }
  const way = spillway({}, { startsAt, onGateway: (made) => (gateway = made) })
  await drive(
    scenario,
    async (stage) => {
      const visit = await way(stage)
      void look(stage)
      return visit
    },
    seed,
  )
  return { afterMs, rightShare: right / looks, meanPlaces: sum / looks }
}

/** As a table in Markdown; of the times until it was right, the median and the longest. */
export function foundTable(all: readonly (readonly [WrongStart, readonly Found[]])[]): string {
  const rows = all.map(([{ name, about }, seeds]) => {
    const times = seeds.map(({ afterMs }) => (afterMs ?? Infinity) / 1_000).sort((a, b) => a - b)
    const mean = (of: (found: Found) => number): number =>
      seeds.reduce((sum, found) => sum + of(found), 0) / seeds.length
    const right = `${(mean(({ rightShare }) => rightShare) * 100).toFixed(0)} %`
    const cells = [name, about, time(times[times.length >> 1]!), time(times.at(-1)!), right]
    return `| ${[...cells, mean(({ meanPlaces }) => meanPlaces).toFixed(1)].join(' | ')} |`
  })
  return [
    '| wrong start | what | right after, median s | longest | right from 30 s on | mean |',
    '| --- | --- | --: | --: | --: | --: |',
    ...rows,
  ].join('\n')
}

const time = (seconds: number): string => (seconds === Infinity ? 'never' : seconds.toFixed(1))
