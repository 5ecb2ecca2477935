import { poisson } from '../../../src/sim/workload.ts'
import type { Scenario } from '../scenario.ts'
import { fourSlots, plain, twelve } from './overload.ts'

/** A little longer than in `overload`: then a limit of 6 does well and one of 12 does badly, as in the table of figures. */
const meanTokens = 52

/** What the server does of that in a second when it is never idle. */
const fullPerSecond = 2.42

const surge = (times: number): Scenario => ({
  name: `surge-${times}`,
  about: `${times} times what a server can do, without a cloud; an answer that takes longer than 5 s is worth nothing`,
  workload: {
    ...plain,
    arrivals: poisson(fullPerSecond * times),
    callers: twelve(meanTokens),
    outputTokens: { ...plain.outputTokens, mean: meanTokens },
  },
  fleet: [fourSlots],
  lengthMs: 660_000,
  countedFromMs: 60_000,
  wishes: { deadlineMs: 5_000 },
  onTime: { deadlineMs: 5_000 },
  arms: [
    'direct',
    // Where there is no cloud, a queue cap is the same.
    'nginx-conn:6',
    'nginx-conn:12',
    'nginx-conn:24',
    'nginx-rate:2:4',
    'nginx-rate:2.4:4',
    'nginx-rate:3:4',
    'timeout:1000',
    'timeout:2000',
    'timeout:4000',
    'spillway',
  ],
})

export const surges: readonly Scenario[] = [1, 1.5, 2, 3, 5].map(surge)
