import type { Settings } from '../core/settings.ts'
import { settingsAsRecorded, usualSettings } from '../planning/as-recorded.ts'
import { compare } from '../planning/compare.ts'
import { changed, more, type Plan, without } from '../planning/plan.ts'
import { emptyStock, type Stock, stockOf } from '../planning/stock.ts'
import { drawnTraffic, recordedTraffic, type Traffic } from '../planning/traffic.ts'
import type { Recording } from '../recording/read.ts'
import { exampleFleet, settingsFor } from '../sim/fleet.ts'
import { drawnWorkload, settingsIn } from './simulate-drawn.ts'
import { machinesFor } from './simulate-fit.ts'
import type { SimulateOptions } from './simulate-options.ts'
import { recordingAt, tellPeople } from './simulate-recording.ts'
import { comparisonLines } from './simulate-table.ts'

/** The same requests with other servers or another configuration, side by side with what happened. */
export async function simulatePlans(options: SimulateOptions): Promise<void> {
  const { seed, json, outages, machineUsd } = options
  try {
    const scene = await (options.recording === undefined
      ? sceneOfTrace(options)
      : sceneOfRecording(options.recording, options))
    const comparison = await compare({
      ...scene,
      seed,
      outages,
      isAdvised: options.advice,
      machineUsd,
      onPlay: (title) => {
        if (process.stderr.isTTY) process.stderr.write(`Simulating ${title} …\n`)
      },
    })
    console.log(json === true ? JSON.stringify(comparison) : comparisonLines(comparison).join('\n'))
  } catch (error) {
    tellPeople(error)
  }
}

/** What is replayed, how it was, and what is tried. */
interface Scene {
  readonly recording: Recording | undefined
  readonly traffic: Traffic
  readonly stock: Stock
  readonly asItWas: Plan
  readonly tried: Plan | undefined
}

async function sceneOfRecording(path: string | true, options: SimulateOptions): Promise<Scene> {
  const { config, seed } = options
  const recording = recordingAt(path, options)
  const traffic = recordedTraffic(recording, seed)
  const stock = { ...emptyStock, ...stockOf(recording), ...(await machinesFor(recording, options)) }
  const asItWas: Plan = {
    name: 'as it was',
    changes: [],
    settings: settingsAsRecorded(recording.settings.at(-1)!),
    likeness: new Map(),
  }
  const configured = config === undefined ? asItWas : { ...asItWas, changes: [config], settings: settingsIn(config) }
  return { recording, traffic, stock, asItWas, tried: triedFrom(configured, options) }
}

/** A trace tells of no servers: they are those of the configuration, or of the example. */
async function sceneOfTrace(options: SimulateOptions): Promise<Scene> {
  const { config, seed, requests } = options
  const named = config === undefined ? undefined : settingsIn(config)
  const workload = drawnWorkload(named, options)
  const rows = workload.arrivals.type === 'trace' ? workload.arrivals.rows.length : 0
  const settings: Settings = named ?? { ...usualSettings(), ...settingsFor(exampleFleet, workload) }
  const asItWas: Plan = { name: 'as it is', changes: [], settings, likeness: new Map() }
  const traffic = drawnTraffic(workload, requests ?? rows, seed)
  const stock = { ...emptyStock, ...(await machinesFor(undefined, options)) }
  return { recording: undefined, traffic, stock, asItWas, tried: triedFrom(asItWas, options) }
}

/** Undefined where nothing is changed. */
function triedFrom(plan: Plan, options: SimulateOptions): Plan | undefined {
  const tried = changed(plan, [
    ...options.more.map(({ name, count }) => more(name, count)),
    ...options.without.map((name) => without(name)),
  ])
  return tried.changes.length === 0 ? undefined : tried
}
