import { readFileSync } from 'node:fs'
import { loadConfigFile } from '../config/load.ts'
import { settingsOf } from '../config/settings.ts'
import type { Settings } from '../core/settings.ts'
import { type Drawn, playDrawn } from '../planning/drawn.ts'
import { machineFor, movedIn } from '../sim/fleet.ts'
import { dayLong, dayWorkload } from '../sim/day.ts'
import type { Outages } from '../sim/outages.ts'
import { picture } from '../sim/picture.ts'
import { Violation } from '../sim/run.ts'
import { readTrace, TraceFault, type TraceRow } from '../sim/traces.ts'
import {
  bursts,
  poisson,
  type SimCaller,
  usualCallers,
  usualModel,
  usualWorkload,
  type Workload,
} from '../sim/workload.ts'
import type { SimulateOptions } from './simulate-options.ts'
import { explain } from './sources.ts'

const usualRequests = 1_000
/** Beyond so many nobody wants to wait until each word has been told. */
const wordByWordMost = 5_000

/** What is asked is drawn from a workload, and how it went is told. */
export async function simulateDrawn(options: SimulateOptions): Promise<void> {
  try {
    const report = await playDrawn(drawnOf(options))
    console.log(options.json === true ? JSON.stringify(report) : picture(report).join('\n'))
  } catch (error) {
    if (!(error instanceof Violation || error instanceof TraceFault)) throw error
    console.error(error.message)
    if (error instanceof Violation) console.error(`Run it again with --seed ${options.seed}: it will happen again.`)
    process.exitCode = 1
  }
}

const faults = { refused: 0.01, reset: 0.01, error500: 0.01, error503: 0.01, silent: 0.002, breaks: 0.000_5 }

const outages: Outages = {
  everyMs: 120_000,
  forMs: 15_000,
  kinds: [
    { share: 2, of: 'crash' },
    { share: 1, of: 'freeze' },
    { share: 1, of: 'slow' },
  ],
}

function drawnOf(options: SimulateOptions): Drawn {
  const { config, seed, requests = usualRequests, trouble } = options
  const settings = config === undefined ? undefined : settingsIn(config)
  const configured = settings?.upstreams.map((upstream) => machineFor(upstream))
  const drawn: Drawn = {
    seed,
    requests,
    workload: drawnWorkload(settings, options),
    ...((options.workload === 'day' || requests > wordByWordMost) && { grain: 'coarse' }),
    ...(settings === undefined || configured === undefined
      ? {}
      : { fleet: configured, settings: movedIn(settings, configured) }),
  }
  return trouble === true ? { ...drawn, outages, faults } : drawn
}

export const drawnWorkload = (settings: Settings | undefined, options: SimulateOptions): Workload => ({
  ...(options.workload === 'day' ? dayWorkload(options.requests ?? usualRequests) : usualWorkload),
  ...(settings === undefined ? {} : askedOf(settings)),
  arrivals: arrivalsFor(options),
})

export function settingsIn(file: string): Settings {
  try {
    return settingsOf(loadConfigFile(file, { env: process.env, hasKeys: true }).config)
  } catch (error) {
    return explain(error)
  }
}

/** Everyone who is configured asks, and every model that is served is asked for, in equal shares. */
function askedOf({ upstreams, callers }: Settings): Pick<Workload, 'callers' | 'models'> {
  const names = new Set(upstreams.flatMap(({ serve, context }) => [...(serve?.keys() ?? context.keys())]))
  if (names.size === 0) names.add(usualModel)
  const known = callers.map(({ caller: { id: name, weight, priority, cloud, models } }) => ({
    share: 1,
    of: { name, weight, priority, cloud, models, patienceMs: undefined } satisfies SimCaller,
  }))
  return { callers: known.length > 0 ? known : usualCallers, models: Array.from(names, (of) => ({ share: 1, of })) }
}

function arrivalsFor({
  workload = 'poisson',
  trace,
  rate,
  requests = usualRequests,
}: SimulateOptions): Workload['arrivals'] {
  if (trace !== undefined) return { type: 'trace', rows: traceIn(trace), perSecond: rate }
  if (workload === 'day') return rate === undefined ? dayLong(requests) : { type: 'day', perSecond: rate }
  return workload === 'bursts' ? bursts(rate ?? 3) : poisson(rate ?? 3)
}

function traceIn(file: string): readonly TraceRow[] {
  try {
    return readTrace(readFileSync(file, 'utf8'))
  } catch (error) {
    if (error instanceof TraceFault) throw new TraceFault(`${file}: ${error.message}`, { cause: error })
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new TraceFault(`${file} cannot be read (${code}).`, { cause: error })
  }
}
