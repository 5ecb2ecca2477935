import type { Faults } from '../../src/sim/faults.ts'
import { exampleFleet, machine, type Machine } from '../../src/sim/fleet.ts'
import type { Outages } from '../../src/sim/outages.ts'
import type { Simulation } from '../../src/sim/run.ts'
import { cloudLike, ollamaLike, vllmLike } from '../../src/sim/server-spec.ts'
import { bursts, poisson, usualWorkload } from '../../src/sim/workload.ts'

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

const hurried = { connectMs: 1_000, firstTokenMs: 8_000, gapMs: 3_000 }

/** Loads and troubles under which everything must hold. A seed runs the mix that it falls on, so a seed is all one needs. */
export const mixes: Readonly<Record<string, Mix>> = {
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
  'several models, of which one fits into memory': {
    fleet: [
      machine(ollamaLike({ name: 'one', models: ['a:8b', 'b:8b', 'c:latest'].map((name) => ({ name, contextTokens: 8_192 })), engine: { loadMs: 1_500 } })),
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
  'prompts too large for memory and context': {
    fleet: [
      machine(ollamaLike({ name: 'dies', engine: { memoryTokens: 4_000 } })),
      machine(vllmLike({ name: 'preempts', pingMs: 300, models: [{ name: 'llama3.1:8b', contextTokens: 3_000 }], engine: { memoryTokens: 6_000 } })),
    ],
    workload: { ...usualWorkload, arrivals: poisson(5), promptTokens: { mean: 1_200, sigma: 0.8, most: 9_000 } },
  },
  'callers who come and go while everything breaks': {
    fleet: failing(exampleFleet, { faults, torn: 0.5, pingMs: 200 }),
    workload: { ...usualWorkload, arrivals: poisson(12), hangUps: 0.5 },
    outages,
    settings: { timeouts: hurried, queue: { max: 20, patienceMs: 1_000 } },
  },
}

const names = Object.keys(mixes)

export const mixOf = (seed: number): string => names[seed % names.length]!

export const simulationOf = (seed: number, requests: number): Simulation => ({ ...mixes[mixOf(seed)], seed, requests })
