import type { UpstreamSettings } from '../../src/core/settings.ts'
import { machine, settingsFor } from '../../src/sim/fleet.ts'
import type { EngineSpec } from '../../src/sim/engine-spec.ts'
import { simulate } from '../../src/sim/run.ts'
import type { SimServer } from '../../src/sim/server.ts'
import { likes, type ServerKind } from '../../src/sim/server-spec.ts'
import type { Stage } from '../../src/sim/simulation.ts'
import { poisson, usualModel, usualWorkload, type Workload } from '../../src/sim/workload.ts'

/** One server, and more to do for it than it can at any moment. */
export interface Busy {
  readonly seed: number
  readonly kind: ServerKind
  /** How many it really serves at once. */
  readonly slots: number
  /** How many the gateway believes at first, or is told to keep to. */
  readonly start?: number
  readonly pinned?: number
  readonly forMs: number
  readonly perSecond: number
  readonly workload?: Partial<Workload>
  readonly engine?: Partial<EngineSpec>
  readonly metrics?: boolean
  /** What befalls it. */
  readonly trouble?: (stage: Stage, server: SimServer) => Promise<void>
}

/** How it stood at one moment. */
export interface Moment {
  readonly at: number
  readonly limit: number
  readonly inFlight: number
  /** In line inside the server. */
  readonly lined: number
  readonly tokens: number
}

const lookEveryMs = 250

/** Keeps a server busy, and writes down how the limit moved meanwhile. */
export async function keepBusy(busy: Busy): Promise<readonly Moment[]> {
  const { seed, kind, slots, start, pinned, forMs, perSecond, trouble, metrics = true } = busy
  const like = likes[kind]
  const server = like({ name: 'box', metrics, engine: { ...busy.engine, slots } })
  const fleet = [machine(server, { concurrency: pinned ?? 'auto' })]
  const workload = { ...plain, ...busy.workload, arrivals: poisson(perSecond) }
  const settings = settingsFor(fleet, workload)
  const upstreams = settings.upstreams.map((one): UpstreamSettings => {
    return start === undefined ? one : { ...one, backend: { ...one.backend, initialConcurrency: start } }
  })
  const moments: Moment[] = []
  await simulate({
    seed,
    requests: Math.ceil((forMs / 1_000) * perSecond),
    fleet,
    workload,
    settings: {
      upstreams,
      queue: { max: 60, patienceMs: 60_000 },
      timeouts: { ...settings.timeouts, firstTokenMs: 600_000 },
    },
    script: async (stage) => {
      const [box] = stage.servers
      void trouble?.(stage, box!)
      const beganAt = stage.world.now()
      const place = stage.gateway.fleet.upstreams[0]!.place(usualModel)
      for (let at = 0; at < forMs; at += lookEveryMs) {
        await stage.world.sleep(lookEveryMs)
        const { load, ledger } = box!
        moments.push({
          at: stage.world.now() - beganAt,
          limit: place.limit.value,
          inFlight: place.inFlight,
          lined: load.waiting,
          tokens: ledger.outputTokens,
        })
      }
    },
  })
  return moments
}

/** Everybody stays, and hears words. */
const plain: Workload = {
  ...usualWorkload,
  hangUps: 0,
  tools: 0,
  json: 0,
  limited: 0,
  streamed: 1,
  callers: [{ share: 1, of: { name: 'anyone', weight: 1, priority: 'default', cloud: 'never', patienceMs: 60_000 } }],
}

export const during = (moments: readonly Moment[], fromMs: number, untilMs: number): readonly Moment[] =>
  moments.filter(({ at }) => at >= fromMs && at < untilMs)

export const mean = (moments: readonly Moment[], of: (moment: Moment) => number): number =>
  moments.reduce((sum, moment) => sum + of(moment), 0) / moments.length

/** Tokens per second between the first moment and the last. */
export function tokensPerSecond(moments: readonly Moment[]): number {
  const [first, last] = [moments[0]!, moments.at(-1)!]
  return ((last.tokens - first.tokens) * 1_000) / (last.at - first.at)
}
