import { parseArgs } from 'node:util'
import { dayWorkload } from '../src/sim/day.ts'
import { playDrawn } from '../src/planning/drawn.ts'

/** How long a simulated day takes. */
export interface SimulatedDay {
  readonly requests: number
  readonly virtualHours: number
  readonly seconds: number
  readonly cpuSeconds: number
  /** One seed is one history: equal wherever it is run. */
  readonly digest: string
}

export async function simulatedDay({ requests, seed }: { requests: number; seed: number }): Promise<SimulatedDay> {
  const began = performance.now()
  const cpuBefore = process.cpuUsage()
  const report = await playDrawn({ seed, requests, workload: dayWorkload(requests), grain: 'coarse' })
  const { user, system } = process.cpuUsage(cpuBefore)
  return {
    requests,
    virtualHours: report.simulatedMs / 3_600_000,
    seconds: (performance.now() - began) / 1_000,
    cpuSeconds: (user + system) / 1e6,
    digest: report.digest,
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
    },
  })
  const day = await simulatedDay({ requests: Number(values.requests), seed: Number(values.seed) })
  const { requests, virtualHours, seconds, cpuSeconds } = day
  console.log(
    values.json
      ? JSON.stringify(day)
      : `${requests} requests in ${virtualHours.toFixed(1)} h of simulated time took ${seconds.toFixed(1)} s ` +
          `(${cpuSeconds.toFixed(1)} s of CPU, ${((cpuSeconds * 1e6) / requests).toFixed(0)} us per request).`,
  )
}
