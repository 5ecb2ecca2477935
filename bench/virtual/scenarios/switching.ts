import { machine, type Machine } from '../../../src/sim/fleet.ts'
import { cloudLike, ollamaLike } from '../../../src/sim/server-spec.ts'
import { poisson, type Workload } from '../../../src/sim/workload.ts'
import type { Scenario } from '../scenario.ts'
import { plain } from './overload.ts'

const names = ['hot:8b', 'warm:8b', 'cold:8b'] as const

/** Holds one of its models in memory, and answers one after the other in 0.3 s. */
const holder = (name: string, models: readonly string[], loadMs: number): Machine =>
  machine(
    ollamaLike({
      name,
      models: models.map((model) => ({ name: model, contextTokens: 8_192 })),
      engine: {
        slots: 1,
        loadedMax: 1,
        loadMs,
        prefillTokensPerSecond: 8_000,
        stepMs: [
          [0, 25],
          [1, 25],
        ],
        cacheBlocks: 0,
      },
    }),
  )

const cloud = machine(cloudLike({ name: 'cloud', key: 'sk-sim', networkMs: 600 }), {
  serve: Object.fromEntries(names.map((name) => [name, 'gpt-5-mini'])),
})

const short: Workload = {
  ...plain,
  promptTokens: { mean: 400, sigma: 0, most: 400 },
  outputTokens: { mean: 11, sigma: 0, most: 11 },
}

const mixed: Scenario = {
  name: 'switching',
  about:
    'two servers that hold one of three models each, asked for in 95.5, 3 and 1.5 of 100 cases; to load one takes 2.5 s',
  workload: {
    ...short,
    arrivals: poisson(2),
    models: [
      { share: 95.5, of: names[0] },
      { share: 3, of: names[1] },
      { share: 1.5, of: names[2] },
    ],
  },
  fleet: [holder('one', names, 2_500), holder('other', names, 2_500)],
  lengthMs: 3_720_000,
  countedFromMs: 120_000,
  wishes: {},
  onTime: { patienceMs: 8_000 },
  arms: [
    'direct',
    'nginx-conn:4',
    'nginx-conn:8',
    'nginx-conn:16',
    'nginx-rate:1:4',
    'nginx-rate:2:4',
    'nginx-rate:3:4',
    'spillway',
  ],
}

export const switchings: readonly Scenario[] = [
  mixed,
  {
    ...mixed,
    name: 'switching-cloud',
    about: `${mixed.about}; with a cloud and 2 s of patience`,
    fleet: [...mixed.fleet, cloud],
    wishes: { patienceMs: 2_000 },
    onTime: { patienceMs: 2_000 },
    arms: ['direct', 'cap:2', 'cap:4', 'cap:8', 'timeout:1000', 'timeout:2000', 'timeout:3000', 'spillway'],
  },
  {
    ...mixed,
    name: 'switching-evenly',
    about: 'one server that holds one of two models, each asked for as often; to load one takes 8 s',
    workload: {
      ...short,
      arrivals: poisson(0.25),
      models: [
        { share: 1, of: names[0] },
        { share: 1, of: names[1] },
      ],
    },
    fleet: [holder('one', names.slice(0, 2), 8_000)],
    lengthMs: 14_520_000,
    wishes: { patienceMs: 60_000 },
    onTime: { patienceMs: 60_000 },
    arms: ['direct', 'nginx-conn:4', 'nginx-conn:8', 'nginx-conn:16', 'spillway'],
  },
]
