import type { CallerSettings, Settings } from '../core/settings.ts'
import type { FaultKind } from '../core/fault.ts'
import type { Recording } from '../recording/read.ts'
import type { RequestRow, UpstreamRow } from '../recording/rows.ts'
import { chanceOf } from '../sim/chance.ts'
import { replayOf } from '../sim/replay.ts'
import { type Errand, errandsOf, type Workload } from '../sim/workload.ts'
import { settingsAsRecorded } from './as-recorded.ts'
import { castOf } from './cast.ts'
import { PlanFault } from './plan.ts'

/** Where what is asked comes from, in plain data: from this it comes out the same wherever it is made. */
export type Origin =
  | { readonly type: 'recorded'; readonly recording: Recording; readonly seed: number }
  | { readonly type: 'drawn'; readonly workload: Workload; readonly requests: number; readonly seed: number }

export function trafficOf(origin: Origin): Traffic {
  const { seed } = origin
  if (origin.type === 'recorded') return recordedTraffic(origin.recording, seed)
  return drawnTraffic(origin.workload, origin.requests, seed)
}

/** What is asked, by whom and when: the same again for each plan. */
export interface Traffic {
  readonly requests: number
  /** In milliseconds since 1970; undefined where it was never. */
  readonly beganAt: number | undefined
  /** From the first arrival to the last. */
  readonly spellMs: number
  /** By the models' names as callers have them, how many ask for each. */
  readonly models: ReadonlyMap<string, number>
  /** Servers that were lost meanwhile, and found again. */
  readonly outages: readonly UpstreamRow[]
  /** Those who ask, as these settings know them, and what they ask. */
  playedIn: (settings: Settings) => { readonly callers: readonly CallerSettings[]; readonly errands: Iterable<Errand> }
}

/** Of a recording. */
export function recordedTraffic(recording: Recording, seed: number): Traffic {
  const requests = recording.requests.filter(isWorthAsking)
  const row = recording.settings.at(-1)
  const beganAt = requests[0]?.at
  if (beganAt === undefined || row === undefined)
    throw new PlanFault('There are no requests in the recording, or none of that time.')
  const settings = settingsAsRecorded(row)
  return {
    requests: requests.length,
    beganAt,
    spellMs: requests.at(-1)!.at - beganAt,
    models: countBy(requests, ({ model }) => model),
    outages: recording.upstreams,
    playedIn: (tried) => {
      const { callers, callerOf } = castOf(requests, settings, tried)
      const chance = chanceOf(seed, 'what was never recorded')
      return { callers, errands: replayOf(requests, { callerOf, chance, beganAt }) }
    },
  }
}

/** Wrong in itself, and it would be again; how many of these there are is told apart. */
export function isWorthAsking({ fault }: Pick<RequestRow, 'fault'>): boolean {
  return fault === undefined || !hopeless.has(fault)
}

const hopeless: ReadonlySet<string> = new Set<FaultKind>([
  'bad-request',
  'not-capable',
  'context-overflow',
  'unauthorized',
  'forbidden',
  'too-large',
  'not-supported',
  'upstream-refused',
])

/** Of a workload that is drawn, or of a trace that tells of no callers. */
function drawnTraffic(workload: Workload, requests: number, seed: number): Traffic {
  const errands = [...errandsOf(workload, requests, (purpose) => chanceOf(seed, purpose))]
  return {
    requests: errands.length,
    beganAt: undefined,
    spellMs: errands.at(-1)!.atMs - errands[0]!.atMs,
    models: countBy(errands, ({ model }) => model),
    outages: [],
    playedIn: ({ callers }) => ({ callers, errands }),
  }
}

function countBy<T>(all: readonly T[], of: (one: T) => string): ReadonlyMap<string, number> {
  return new Map([...Map.groupBy(all, of)].map(([key, its]) => [key, its.length]))
}
