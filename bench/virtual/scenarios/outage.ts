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

/** One run, looked at in three parts. */
const parts = [
  { name: 'before', about: 'both are up', countedFromMs: 20_000, countedToMs: 60_000, homesUp: 2 },
  { name: 'during', about: 'one is down', countedFromMs: 60_000, countedToMs: 120_000, homesUp: 1 },
  { name: 'after', about: 'the other is back', countedFromMs: 125_000, countedToMs: 240_000, homesUp: 2 },
] as const

const outage = (withCloud: boolean): Scenario[] =>
  parts.map(({ name, about, ...counted }) => ({
    ...counted,
    name: `outage-${withCloud ? 'cloud-' : ''}${name}`,
    about: `two servers of 120 tokens a second, asked for 168${withCloud ? ', and the cloud' : ''}; one goes down at 60 s and is back at 120 s: while ${about}`,
    workload: {
      ...plain,
      arrivals: poisson((2 * 120 * 0.7) / meanTokens),
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

export const outages: readonly Scenario[] = [...outage(false), ...outage(true)]
