import { machine } from '../../src/sim/fleet.ts'
import type { Chronicle } from '../../src/sim/chronicle.ts'
import { simulate } from '../../src/sim/run.ts'
import { vllmLike } from '../../src/sim/server-spec.ts'
import type { Stage } from '../../src/sim/simulation.ts'
import { poisson, usualWorkload } from '../../src/sim/workload.ts'
import type { HedgeSettings } from '../../src/core/settings.ts'

/** Several servers, of which one hangs for a while now and then. */
export interface Hanging {
  readonly seed: number
  readonly requests: number
  readonly perSecond: number
  readonly hedge: HedgeSettings | undefined
  /** How long from one time to the next, and how long it lasts. */
  readonly everyMs: number
  readonly forMs: number
  readonly servers?: number
}

export interface Seen {
  /** Until the first token, of those who saw one come, in order. */
  readonly firstTokensMs: readonly number[]
  readonly asks: number
  readonly hedged: number
  readonly hedges: Chronicle['hedges']
}

export async function hanging(of: Hanging): Promise<Seen> {
  const { seed, requests, perSecond, hedge, everyMs, forMs, servers = 3 } = of
  const fleet = Array.from({ length: servers }, (_, at) => machine(vllmLike({ name: `box-${at}` })))
  let chronicle: Chronicle | undefined
  const over = new AbortController()
  const hang = async ({ world, servers: [first] }: Stage): Promise<void> => {
    while (!over.signal.aborted) {
      await world.sleep(everyMs, over.signal)
      first!.freeze()
      await world.sleep(forMs, over.signal)
      first!.thaw()
    }
  }
  await simulate({
    seed,
    grain: 'coarse',
    requests,
    fleet,
    workload: { ...usualWorkload, arrivals: poisson(perSecond), hangUps: 0 },
    settings: { hedge, queue: { max: 1_000, patienceMs: 60_000 } },
    script: async (stage) => {
      chronicle = stage.chronicle
      void hang(stage)
      await stage.world.sleep((requests / perSecond) * 1_000)
      over.abort()
    },
  })
  const { asks, hedged, hedges, settled } = chronicle!
  const heard = settled.filter(({ stream, outcome }) => stream && outcome.firstTokenMs !== undefined)
  const firstTokensMs = heard.map(({ outcome }) => outcome.firstTokenMs!).toSorted((one, other) => one - other)
  return { firstTokensMs, asks, hedged, hedges }
}

export const percentile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!
