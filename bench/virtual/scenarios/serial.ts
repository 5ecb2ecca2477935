import { machine } from '../../../src/sim/fleet.ts'
import { ollamaLike } from '../../../src/sim/server-spec.ts'
import { poisson, usualModel } from '../../../src/sim/workload.ts'
import type { Scenario } from '../scenario.ts'
import { cloud, plain } from './overload.ts'

const promptTokens = 400
/** Every answer takes so long: 200 ms until its first token, and 100 more tokens. */
const answerMs = 4_000

/** One answer after the other: a model that fills its machine. */
export const serial = machine(
  ollamaLike({
    name: 'home',
    models: [{ name: usualModel, contextTokens: 8_192 }],
    engine: {
      slots: 1,
      // A few tokens of each prompt are the question.
      prefillTokensPerSecond: (promptTokens + 8) * 5,
      stepMs: [
        [0, 38],
        [1, 38],
      ],
      cacheBlocks: 0,
      keepMs: Infinity,
    },
  }),
)

const scenario = (load: number, deadlineMs: number): Scenario => ({
  name: `serial-${load}-${deadlineMs / 1_000}s`,
  about: `answers of 4 s one after the other, ${load} times what the server can do, each to be there within ${deadlineMs / 1_000} s`,
  workload: {
    ...plain,
    arrivals: poisson((1_000 * load) / answerMs),
    promptTokens: { mean: promptTokens, sigma: 0, most: promptTokens },
    outputTokens: { mean: 101, sigma: 0, most: 101 },
  },
  fleet: [serial, cloud],
  lengthMs: 7_800_000,
  countedFromMs: 600_000,
  wishes: { deadlineMs },
  onTime: { deadlineMs },
  arms: [
    'direct',
    'nginx-conn:1',
    'nginx-conn:2',
    'nginx-conn:3',
    'nginx-rate:0.2:1',
    'nginx-rate:0.25:1',
    'nginx-rate:0.3:1',
    'cap:1',
    'cap:2',
    'cap:3',
    `timeout:${(deadlineMs - answerMs) / 2}`,
    `timeout:${deadlineMs - answerMs}`,
    `timeout:${deadlineMs}`,
    // A little more than an answer takes, for a prompt of a few tokens more.
    `optimum:${deadlineMs + 20}:${answerMs + 10}`,
    'spillway',
  ],
})

export const serials: readonly Scenario[] = [8_000, 12_000].flatMap((deadlineMs) =>
  [0.5, 0.8, 1, 1.5].map((load) => scenario(load, deadlineMs)),
)
