import { type Chance, chanceOf } from '../../src/sim/chance.ts'
import type { Faults } from '../../src/sim/faults.ts'
import { exampleFleet, machine, type Machine } from '../../src/sim/fleet.ts'
import type { Outages } from '../../src/sim/outages.ts'
import type { Simulation } from '../../src/sim/simulation.ts'
import {
  anthropicLike,
  cloudLike,
  exoLike,
  llamacppLike,
  lmStudioLike,
  ollamaLike,
  sglangLike,
  tgiLike,
  vllmLike,
} from '../../src/sim/server-spec.ts'
import { bursts, dimensions, poisson, usualModel, usualWorkload } from '../../src/sim/workload.ts'

type Mix = Omit<Simulation, 'seed' | 'requests'>

const faults: Faults = { refused: 0.02, reset: 0.02, error500: 0.02, error503: 0.02, silent: 0.01, breaks: 0.002 }

const outages: Outages = {
  everyMs: 25_000,
  forMs: 6_000,
  kinds: [
    { share: 2, of: 'crash' },
    { share: 1, of: 'freeze' },
    { share: 1, of: 'slow' },
  ],
}

const failing = (fleet: readonly Machine[], changes: Partial<Machine['server']>): Machine[] =>
  fleet.map((one) => ({ ...one, server: { ...one.server, ...changes } }))

const atHome = exampleFleet.slice(0, 2)

const hurried = { connectMs: 1_000, firstTokenMs: 8_000, gapMs: 3_000, totalMs: 60_000 }

/** A model in memory that talks, and one that makes vectors. */
const talker = { name: usualModel, contextTokens: 16_384 }
const embedder = { name: 'embedder:latest', contextTokens: 8_192, dimensions }

const both = { models: [talker, embedder] }

const twoModels = ['a:8b', 'b:8b'].map((name) => ({ name, contextTokens: 8_192 }))

/** Loads and troubles under which everything must hold. A seed runs the mix that it falls on, so a seed is all one needs. */
const mixes: Readonly<Record<string, Mix>> = {
  'light load, nothing breaks': {},
  'requests and answers break in every way': {
    fleet: failing(exampleFleet, { faults, torn: 0.3 }),
    settings: { timeouts: hurried },
  },
  'far more than fits, and no cloud': {
    fleet: atHome.map((one) => ({ ...one, concurrency: 2 })),
    workload: { ...usualWorkload, arrivals: poisson(25) },
    settings: { queue: { max: 12, patienceMs: 2_000 } },
  },
  'bursts that spill into the cloud': {
    workload: { ...usualWorkload, arrivals: bursts(8), hangUps: 0.1 },
  },
  'machines crash, stand still and grow slow': {
    fleet: failing(exampleFleet, { faults: { breaks: 0.0005 }, bootMs: 4_000 }),
    outages,
    settings: { timeouts: hurried },
  },
  'models hang or cannot be loaded, and machines flap': {
    fleet: [
      machine(ollamaLike({ name: 'one', models: twoModels, engine: { loadedMax: 2, loadMs: 1_500 } })),
      machine(ollamaLike({ name: 'turns', models: twoModels, engine: { loadMs: 1_500 } })),
      machine(llamacppLike({ name: 'router', models: twoModels, engine: { loadedMax: 2, loadMs: 1_200 } })),
      machine(vllmLike({ name: 'mute', models: twoModels, metrics: false }), { concurrency: 3 }),
    ],
    workload: {
      ...usualWorkload,
      models: [
        { share: 3, of: 'a:8b' },
        { share: 1, of: 'b:8b' },
      ],
    },
    outages: {
      everyMs: 12_000,
      forMs: 60_000,
      kinds: [
        { share: 2, of: 'hang' },
        { share: 2, of: 'unloadable' },
        { share: 1, of: 'flap' },
        { share: 1, of: 'crash' },
      ],
    },
  },
  'several models, of which one fits into memory': {
    fleet: [
      machine(
        ollamaLike({
          name: 'one',
          models: ['a:8b', 'b:8b', 'c:latest'].map((name) => ({ name, contextTokens: 8_192 })),
          // It would throw out a model in the middle of an answer.
          engine: { loadMs: 1_500, evicts: 'any' },
        }),
      ),
      machine(vllmLike({ name: 'two', models: [{ name: 'a:8b', contextTokens: 4_096 }] })),
      machine(cloudLike({ key: 'sk-sim' }), { serve: { c: 'gpt-5-mini' } }),
    ],
    workload: {
      ...usualWorkload,
      models: [
        { share: 6, of: 'a:8b' },
        { share: 2, of: 'b:8b' },
        { share: 1, of: 'c' },
        { share: 0.2, of: 'nobody-has-this' },
      ],
    },
  },
  'routers and desks that throw out what is in use, and models that are to stay': {
    fleet: [
      machine(
        llamacppLike({
          name: 'router',
          models: ['a:8b', 'b:8b', 'c'].map((name) => ({ name, contextTokens: 8_192 })),
          engine: { loadMs: 1_200, loadedMax: 2, evicts: 'any' },
        }),
        { preload: ['a:8b'] },
      ),
      machine(
        lmStudioLike({
          name: 'desk',
          models: ['a:8b', 'b:8b', 'c'].map((name) => ({ name, contextTokens: 8_192 })),
          engine: { loadMs: 2_500, evicts: 'any' },
          faults: { breaks: 0.001 },
        }),
      ),
      machine(
        exoLike({
          name: 'ring',
          models: ['b:8b', 'c'].map((name) => ({ name, contextTokens: 8_192 })),
          engine: { loadMs: 3_000, loadedMax: 1 },
        }),
      ),
    ],
    workload: {
      ...usualWorkload,
      arrivals: bursts(2),
      hangUps: 0.15,
      models: [
        { share: 4, of: 'a:8b' },
        { share: 2, of: 'b:8b' },
        { share: 2, of: 'c' },
      ],
    },
    settings: { standIns: new Map([['b:8b', ['a:8b']]]) },
  },
  'prompts too large for memory and context': {
    fleet: [
      machine(ollamaLike({ name: 'dies', engine: { memoryTokens: 4_000 } })),
      machine(
        vllmLike({
          name: 'preempts',
          pingMs: 300,
          models: [{ name: 'llama3.1:8b', contextTokens: 3_000 }],
          engine: { memoryTokens: 6_000 },
        }),
      ),
    ],
    workload: { ...usualWorkload, arrivals: poisson(5), promptTokens: { mean: 1_200, sigma: 0.8, most: 9_000 } },
  },
  'callers who come and go while everything breaks': {
    fleet: failing(exampleFleet, { faults, torn: 0.5, pingMs: 200 }),
    workload: { ...usualWorkload, arrivals: poisson(12), hangUps: 0.5 },
    outages,
    settings: { timeouts: hurried, queue: { max: 20, patienceMs: 1_000 } },
  },
  'one machine of every kind at home, Anthropic behind them, and callers of every dialect': {
    fleet: [
      ...[ollamaLike, llamacppLike, vllmLike, sglangLike, lmStudioLike, exoLike, tgiLike].map((like) =>
        machine(like({ models: [talker], torn: 0.1, faults: { breaks: 0.0005 } }), { concurrency: 2 }),
      ),
      machine(anthropicLike({ key: 'sk-sim' }), { serve: { [usualModel]: 'claude-haiku-4-5' } }),
    ],
    workload: {
      ...usualWorkload,
      arrivals: poisson(60),
      hangUps: 0.1,
      dialects: (
        [
          'openai-chat',
          'openai-responses',
          'openai-completions',
          'anthropic-messages',
          'ollama-chat',
          'ollama-generate',
        ] as const
      ).map((of) => ({ share: 1, of })),
    },
    settings: { timeouts: hurried },
  },
  'vectors beside chat, where a model must go for the other and where both have room': {
    fleet: [
      machine(ollamaLike({ name: 'takes turns', ...both, engine: { loadMs: 800, evicts: 'any' } })),
      machine(ollamaLike({ name: 'has both', ...both, engine: { loadedMax: 2 } })),
      machine(vllmLike({ name: 'only talks', models: [talker], faults: { error503: 0.02 } })),
      machine(llamacppLike({ name: 'only embeds', models: [embedder] })),
    ],
    workload: {
      ...usualWorkload,
      arrivals: poisson(6),
      hangUps: 0.05,
      dialects: [
        { share: 2, of: 'openai-chat' },
        { share: 1, of: 'openai-completions' },
        { share: 1, of: 'ollama-generate' },
      ],
      vectors: { share: 0.4, model: embedder.name },
    },
    settings: { timeouts: hurried },
  },
}

const anything = 'whatever chance puts together'

export const mixNames: readonly string[] = [...Object.keys(mixes), anything]

export const mixOf = (seed: number): string => mixNames[seed % mixNames.length]!

export function simulationOf(seed: number, requests: number): Simulation {
  return { ...(mixes[mixOf(seed)] ?? drawn(chanceOf(seed, 'mix'))), seed, requests }
}

/** A fleet, a load and a house that nobody would think of. */
function drawn(chance: Chance): Mix {
  const upTo = (most: number): number => chance() * most
  const one = <T>(...choices: readonly T[]): T => choices[Math.floor(upTo(choices.length))]!
  const models = ['a:8b', 'b:latest', 'c']
    .slice(0, 1 + Math.floor(upTo(3)))
    .map((name) => ({ name, contextTokens: one(1_000, 8_192, 32_768) }))
  const fleet = Array.from({ length: 1 + Math.floor(upTo(4)) }, (_, index): Machine => {
    const like = one(ollamaLike, vllmLike, cloudLike)
    const badly = one(0, 0, 0.3, 1, 5)
    const server = like({
      name: `machine-${index}`,
      key: one(undefined, 'sk-sim'),
      models: models.slice(0, 1 + Math.floor(upTo(models.length))),
      networkMs: one(0, 0, 5, 400),
      torn: one(0, 0.2, 1),
      pingMs: one(0, 0, 150),
      bootMs: one(100, 5_000, 40_000),
      faults: {
        refused: 0.02 * badly,
        reset: 0.02 * badly,
        error500: 0.02 * badly,
        error503: 0.02 * badly,
        silent: 0.01 * badly,
        breaks: 0.002 * badly,
      },
      engine: {
        slots: 1 + Math.floor(upTo(8)),
        loadedMax: 1 + Math.floor(upTo(2)),
        loadMs: one(10, 2_000),
        // Where the server tells what it has in memory, nobody is thrown out whatever it would do.
        evicts: like === ollamaLike ? 'any' : 'idle',
        memoryTokens: one(2_000, 8_000, 1e6),
        whenFull: one('die', 'preempt'),
      },
    })
    const first = server.models[0]!.name
    return machine(server, {
      concurrency: one<'auto' | number>('auto', 1, 1 + Math.floor(upTo(8))),
      serve: one(undefined, undefined, { [first]: first }),
    })
  })
  return {
    fleet,
    workload: {
      ...usualWorkload,
      arrivals: one(poisson, bursts)(one(1, 4, 15, 60)),
      models: models.map(({ name }) => ({ share: 1 + upTo(3), of: name })),
      ollamaDialect: one(0, 0.5, 1),
      streamed: one(0, 0.5, 1),
      hangUps: one(0, 0.1, 0.6),
      promptTokens: { mean: one(50, 400, 1_500), sigma: 0.8, most: 9_000 },
    },
    outages: one(undefined, undefined, { ...outages, everyMs: 10_000 + upTo(60_000) }),
    settings: {
      queue: { max: one(0, 1, 5, 200), patienceMs: one(0, 200, 3_000, 60_000) },
      timeouts: {
        connectMs: 1_000,
        firstTokenMs: one(300, 5_000, 60_000),
        gapMs: one(400, 5_000),
        totalMs: one(20_000, 300_000),
      },
      attemptsMax: 1 + Math.floor(upTo(4)),
      probeEveryMs: one(100, 5_000, 60_000),
      models: new Map([[one('nobody', 'nobody', models[0]!.name), { cloud: 'never' }]]),
    },
  }
}
