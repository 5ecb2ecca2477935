import { direct } from './arms/direct.ts'
import { drive, isCloud } from './drive.ts'
import { workMs } from './measures.ts'
import type { Scenario } from './scenario.ts'

const lengthMs = 300_000
/** The machine is full by then, and the last of what was asked is long in coming. */
const fromMs = 60_000

/**
 * How much of a scenario's work one of its servers gets done in a millisecond when it never has nothing to do. It is
 * near 1 by the way work is counted; what a machine does beside, or at once, makes the difference.
 */
export async function capacityOf(scenario: Scenario, seed = 1): Promise<number> {
  const home = scenario.fleet.find((machine) => !isCloud(machine))!
  const { promptTokens, outputTokens } = scenario.workload
  const perSecond = 1_000 / workMs(home, promptTokens.mean, outputTokens.mean)
  const full: Scenario = {
    ...scenario,
    fleet: [home],
    lengthMs,
    outages: [],
    workload: {
      ...scenario.workload,
      models: scenario.workload.models.slice(0, 1),
      arrivals: { type: 'poisson', perSecond: perSecond * 2 },
    },
  }
  const { trips } = await drive(full, direct, seed)
  const done = trips.filter(({ atMs, totalMs }) => atMs + totalMs >= fromMs && atMs + totalMs < lengthMs)
  const work = done.reduce((sum, trip) => sum + workMs(home, trip.promptTokens, trip.outputTokens), 0)
  return work / (lengthMs - fromMs)
}
