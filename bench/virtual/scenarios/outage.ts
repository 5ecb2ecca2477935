import { machine, type Machine } from '../../../src/sim/fleet.ts'
import { vllmLike } from '../../../src/sim/server-spec.ts'
import { poisson, usualModel } from '../../../src/sim/workload.ts'
import type { Scenario } from '../scenario.ts'
import { cloud, plain } from './overload.ts'

/** Four at once, 30 tokens a second each. */
const instance = (name: string): Machine =>
  machine(
    vllmLike({
      name,
      models: [{ name: usualModel, contextTokens: 8_192 }],
      engine: {
        slots: 4,
        stepMs: [
          [0, 1_000 / 30],
          [4, 1_000 / 30],
        ],
        prefillTokensPerSecond: 100_000,
        cacheBlocks: 0,
        loadMs: 5_000,
      },
    }),
  )

const meanTokens = 60
const together = 240

/** One run, looked at in parts. */
const parts = [
  { name: 'before', about: 'both are up', countedFromMs: 20_000, countedToMs: 60_000, homesUp: 2 },
  { name: 'during', about: 'one is down', countedFromMs: 60_000, countedToMs: 120_000, homesUp: 1 },
  { name: 'return', about: 'the other is just back', countedFromMs: 125_000, countedToMs: 145_000, homesUp: 2 },
  {
    name: 'after',
    about: 'the other has been back for a while',
    countedFromMs: 145_000,
    countedToMs: 240_000,
    homesUp: 2,
  },
] as const

const ways = {
  home: { prefix: 'outage', asked: 0.7, withCloud: false, parts },
  cloud: { prefix: 'outage-cloud', asked: 0.7, withCloud: true, parts },
  // More than both can do: whether they do all they can together once the other is back.
  full: { prefix: 'outage-full', asked: 1.5, withCloud: false, parts: parts.slice(2) },
} as const

const outage = ({ prefix, asked, withCloud, parts: some }: (typeof ways)[keyof typeof ways]): Scenario[] =>
  some.map(({ name, about, ...counted }) => ({
    ...counted,
    name: `${prefix}-${name}`,
    run: prefix,
    about: `two servers of 120 tokens a second, asked for ${together * asked}${withCloud ? ', and the cloud' : ''}; one goes down at 60 s and is back at 120 s: while ${about}`,
    workload: {
      ...plain,
      arrivals: poisson((together * asked) / meanTokens),
      outputTokens: { mean: meanTokens, sigma: 0.5, most: 400 },
    },
    fleet: [instance('one'), instance('other'), ...(withCloud ? [cloud] : [])],
    lengthMs: 240_000,
    wishes: { patienceMs: 3_000 },
    onTime: { patienceMs: 3_000 },
    outages: [{ server: 'other', fromMs: 60_000, toMs: 120_000 }],
    arms: [
      'direct',
      ...(withCloud ? ['cap:5', 'cap:8', 'cap:16'] : ['nginx-conn:8', 'nginx-conn:12', 'nginx-conn:16']),
      'timeout:1000',
      'timeout:2000',
      'timeout:3000',
      'spillway',
    ],
  }))

export const outages: readonly Scenario[] = Object.values(ways).flatMap(outage)
