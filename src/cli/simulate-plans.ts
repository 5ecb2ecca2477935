import type { Settings } from '../core/settings.ts'
import { settingsAsRecorded, usualSettings } from '../planning/as-recorded.ts'
import { candidatesMost } from '../planning/candidates.ts'
import { compare } from '../planning/compare.ts'
import { type Crew, crewFor } from '../planning/crew.ts'
import { changed, more, type Plan, without } from '../planning/plan.ts'
import { emptyStock, stockOf } from '../planning/stock.ts'
import { type Origin, type Traffic, trafficOf } from '../planning/traffic.ts'
import type { Recording } from '../recording/read.ts'
import { exampleFleet, settingsFor } from '../sim/fleet.ts'
import { drawnWorkload, settingsIn } from './simulate-drawn.ts'
import { machinesFor } from './simulate-fit.ts'
import type { SimulateOptions } from './simulate-options.ts'
import { recordingAt, tellPeople } from './simulate-recording.ts'
import { comparisonLines } from './simulate-table.ts'

/** The same requests with other servers or another configuration, side by side with what happened. */
export async function simulatePlans(options: SimulateOptions): Promise<void> {
  let crew: Crew | undefined
  try {
    const scene = options.recording === undefined ? sceneOfTrace(options) : sceneOfRecording(options.recording, options)
    const { origin, traffic, recording, tried } = scene
    const orders = (tried === undefined ? 1 : 2) + (options.advice ? candidatesMost : 0)
    crew = crewFor(origin, { requests: traffic.requests, orders })
    const comparison = await compare({
      ...scene,
      crew,
      stock: { ...emptyStock, ...(recording && stockOf(recording)), ...(await machinesFor(recording, options, crew)) },
      seed: options.seed,
      outages: options.outages,
      isAdvised: options.advice,
      machineUsd: options.machineUsd,
      onPlay: (title) => {
        if (process.stderr.isTTY) process.stderr.write(`Simulating ${title} …\n`)
      },
    })
    console.log(options.json === true ? JSON.stringify(comparison) : comparisonLines(comparison).join('\n'))
  } catch (error) {
    tellPeople(error)
  } finally {
    crew?.end()
  }
}

/** What is replayed, how it was, and what is tried. */
interface Scene {
  readonly origin: Origin
  readonly traffic: Traffic
  readonly recording: Recording | undefined
  readonly asItWas: Plan
  readonly tried: Plan | undefined
}

function sceneOfRecording(path: string | true, options: SimulateOptions): Scene {
  const { config, seed } = options
  const recording = recordingAt(path, options)
  const origin: Origin = { type: 'recorded', recording, seed }
  const traffic = trafficOf(origin)
  const asItWas: Plan = {
    name: 'as it was',
    changes: [],
    settings: settingsAsRecorded(recording.settings.at(-1)!),
    likeness: new Map(),
  }
  const configured = config === undefined ? asItWas : { ...asItWas, changes: [config], settings: settingsIn(config) }
  return { origin, traffic, recording, asItWas, tried: triedFrom(configured, options) }
}

/** A trace tells of no servers: they are those of the configuration, or of the example. */
function sceneOfTrace(options: SimulateOptions): Scene {
  const { config, seed, requests } = options
  const named = config === undefined ? undefined : settingsIn(config)
  const workload = drawnWorkload(named, options)
  const rows = workload.arrivals.type === 'trace' ? workload.arrivals.rows.length : 0
  const settings: Settings = named ?? { ...usualSettings(), ...settingsFor(exampleFleet, workload) }
  const asItWas: Plan = { name: 'as it is', changes: [], settings, likeness: new Map() }
  const origin: Origin = { type: 'drawn', workload, requests: requests ?? rows, seed }
  return { origin, traffic: trafficOf(origin), recording: undefined, asItWas, tried: triedFrom(asItWas, options) }
}

/** Undefined where nothing is changed. */
function triedFrom(plan: Plan, options: SimulateOptions): Plan | undefined {
  const tried = changed(plan, [
    ...options.more.map(({ name, count }) => more(name, count)),
    ...options.without.map((name) => without(name)),
  ])
  return tried.changes.length === 0 ? undefined : tried
}
