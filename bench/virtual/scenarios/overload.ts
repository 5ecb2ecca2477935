import { machine } from '../../../src/sim/fleet.ts'
import { cloudLike, llamacppLike } from '../../../src/sim/server-spec.ts'
import { bursts, type SimCaller, usualModel, usualWorkload, type Workload } from '../../../src/sim/workload.ts'
import type { Scenario } from '../scenario.ts'

const models = [{ name: usualModel, contextTokens: 8_192 }]

/**
 * Four slots, a step of which takes 24.8 ms for one and 29.3 ms for all, and a prompt of 400 tokens stops everybody for
 * 40 ms: about 3.1 answers a second. Found by trial so that callers without a gateway fare as in the table of figures
 * that the bars are from.
 */
export const fourSlots = machine(
  llamacppLike({
    name: 'home',
    models,
    engine: {
      stepMs: [
        [0, 23.3],
        [1_000, 1_523.3],
      ],
      slots: 4,
      prefillTokensPerSecond: 10_000,
      prefillStalls: true,
      cacheBlocks: 0,
    },
  }),
)

/** 0.6 s away, 90 tokens a second. */
export const cloud = machine(
  cloudLike({
    name: 'cloud',
    key: 'sk-sim',
    networkMs: 600,
    engine: {
      stepMs: [
        [0, 1_000 / 90],
        [10_000, 1_000 / 90],
      ],
    },
  }),
  { serve: { [usualModel]: 'gpt-5-mini' } },
)

const anybody: SimCaller = { name: 'anybody', weight: 1, priority: 'default', cloud: 'allowed', patienceMs: undefined }

/** A spread of 0.5 in the logarithm of lengths: so much of it between callers, the rest between the answers of one. */
const between = 0.39
const within = 0.31

/** The mean of each twelfth of a normal distribution, spread so that all of them together are as wide as it is. */
const twelfths = [-1.87, -1.178, -0.829, -0.559, -0.325, -0.107, 0.107, 0.325, 0.559, 0.829, 1.178, 1.87]
const meanFactor = twelfths.reduce((sum, at) => sum + Math.exp(between * at), 0) / twelfths.length

/** Callers who ask for answers of a length of their own, so long on average. */
export const twelve = (tokens: number): Workload['callers'] =>
  twelfths.map((at, number) => {
    const mean = (tokens * Math.exp(between * at)) / meanFactor
    return {
      share: 1,
      of: { ...anybody, name: `caller-${number + 1}`, outputTokens: { mean, sigma: within, most: 400 } },
    }
  })

/** Short questions, streamed answers, and nothing else of what clients also do. */
export const plain: Workload = {
  ...usualWorkload,
  callers: [{ share: 1, of: anybody }],
  ollamaDialect: 0,
  streamed: 1,
  hangUps: 0,
  limited: 0,
  tools: 0,
  json: 0,
  promptTokens: { mean: 400, sigma: 0.3, most: 3_000 },
  outputTokens: { mean: 40, sigma: 0.5, most: 400 },
}

const base: Omit<Scenario, 'name' | 'about' | 'workload'> = {
  fleet: [fourSlots, cloud],
  lengthMs: 2_640_000,
  countedFromMs: 240_000,
  wishes: { deadlineMs: 3_000 },
  onTime: { deadlineMs: 4_000 },
  arms: [
    'direct',
    'nginx-conn:6',
    'nginx-conn:8',
    'nginx-conn:12',
    'nginx-rate:2:4',
    'nginx-rate:3:4',
    'nginx-rate:4:4',
    'timeout:1000',
    'timeout:1500',
    'timeout:2000',
    'cap:8',
    'cap:7',
    'cap:6',
    'cap:5',
    'spillway:deadline=3500',
    'spillway:deadline=3000',
    'spillway:deadline=2500',
  ],
}

export const overload: Scenario = {
  ...base,
  name: 'overload',
  about: '1.6 requests a second, for a fifth of each four minutes 4, on a server that does 3.1; the cloud behind it',
  workload: { ...plain, arrivals: bursts(1.6), callers: twelve(40) },
}

export const overloadOneCaller: Scenario = {
  ...base,
  name: 'overload-one-caller',
  about: 'the same from one caller, whose answers tell nothing about how long the next will be',
  workload: { ...plain, arrivals: bursts(1.6) },
}
