import { reportQuery } from '../accounts/report-query.ts'
import { Fault } from '../core/fault.ts'
import type { Settings } from '../core/settings.ts'
import { settingsAsRecorded, usualSettings } from '../planning/as-recorded.ts'
import { compare } from '../planning/compare.ts'
import { changed, more, type Plan, PlanFault, without } from '../planning/plan.ts'
import { emptyStock, type Stock, stockOf } from '../planning/stock.ts'
import { drawnTraffic, recordedTraffic, type Traffic } from '../planning/traffic.ts'
import { RecordingFault } from '../recording/files.ts'
import { readRecording, type Recording } from '../recording/read.ts'
import { recordingsIn } from '../recording/shelf.ts'
import { exampleFleet, settingsFor } from '../sim/fleet.ts'
import { Violation } from '../sim/run.ts'
import { dataDirOf } from './data-dir.ts'
import { drawnWorkload, settingsIn } from './simulate-drawn.ts'
import type { SimulateOptions } from './simulate-options.ts'
import { comparisonLines } from './simulate-table.ts'
import { configOf } from './sources.ts'

/** The same requests with other servers or another configuration, side by side with what happened. */
export async function simulatePlans(options: SimulateOptions): Promise<void> {
  const { seed, json, outages, machineUsd } = options
  try {
    const scene = options.recording === undefined ? sceneOfTrace(options) : sceneOfRecording(options.recording, options)
    const comparison = await compare({
      ...scene,
      seed,
      outages,
      advice: options.advice ? { machineUsd } : undefined,
      onPlay: (title) => {
        if (process.stderr.isTTY) process.stderr.write(`Simulating ${title} …\n`)
      },
    })
    console.log(json === true ? JSON.stringify(comparison) : comparisonLines(comparison).join('\n'))
  } catch (error) {
    if (!isForPeople(error)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}

const isForPeople = (error: unknown): error is Error =>
  [RecordingFault, PlanFault, Fault, Violation].some((kind) => error instanceof kind)

/** What is replayed, how it was, and what is tried. */
interface Scene {
  readonly recording: Recording | undefined
  readonly traffic: Traffic
  readonly stock: Stock
  readonly asItWas: Plan
  readonly tried: Plan | undefined
}

function sceneOfRecording(path: string | true, options: SimulateOptions): Scene {
  const { config, seed } = options
  const recording = readRecording(path === true ? usualFolder(config) : path, spanOf(options))
  const traffic = recordedTraffic(recording, seed)
  const stock = { ...emptyStock, ...stockOf(recording) }
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
function sceneOfTrace(options: SimulateOptions): Scene {
  const { config, seed, requests } = options
  const named = config === undefined ? undefined : settingsIn(config)
  const workload = drawnWorkload(named, options)
  const rows = workload.arrivals.type === 'trace' ? workload.arrivals.rows.length : 0
  const settings: Settings = named ?? { ...usualSettings(), ...settingsFor(exampleFleet, workload) }
  const asItWas: Plan = { name: 'as it is', changes: [], settings, likeness: new Map() }
  const traffic = drawnTraffic(workload, requests ?? rows, seed)
  return { recording: undefined, traffic, stock: emptyStock, asItWas, tried: triedFrom(asItWas, options) }
}

/** Undefined where nothing is changed. */
function triedFrom(plan: Plan, options: SimulateOptions): Plan | undefined {
  const tried = changed(plan, [
    ...options.more.map(({ name, count }) => more(name, count)),
    ...options.without.map((name) => without(name)),
  ])
  return tried.changes.length === 0 ? undefined : tried
}

/** Where a gateway of this configuration records. */
const usualFolder = (config: string | undefined): string => recordingsIn(dataDirOf(configOf(config).data_dir))

function spanOf({ since, until, config }: SimulateOptions): { since?: number | undefined; until?: number | undefined } {
  if (since === undefined && until === undefined) return {}
  const timeZone = configOf(config).time_zone
  const period = reportQuery({ since: since ?? '9999d', until }, { epochMs: Date.now(), timeZone })
  return { since: since === undefined ? undefined : period.since, until: period.until }
}
