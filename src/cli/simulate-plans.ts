import { readFileSync } from 'node:fs'
import { reportQuery } from '../accounts/report-query.ts'
import { ConfigFault } from '../config/problem.ts'
import { Fault } from '../core/fault.ts'
import type { Settings } from '../core/settings.ts'
import { settingsAsRecorded, usualSettings } from '../planning/as-recorded.ts'
import { compare } from '../planning/compare.ts'
import { fitFrom } from '../planning/fit.ts'
import { readMachineFile } from '../planning/machine-file.ts'
import { changed, more, type Plan, PlanFault, without } from '../planning/plan.ts'
import { emptyStock, type Stock, stockOf } from '../planning/stock.ts'
import { drawnTraffic, recordedTraffic, type Traffic } from '../planning/traffic.ts'
import { RecordingFault } from '../recording/files.ts'
import { readRecording, type Recording } from '../recording/read.ts'
import { recordingsIn } from '../recording/shelf.ts'
import { exampleFleet, settingsFor } from '../sim/fleet.ts'
import { TraceFault } from '../sim/traces.ts'
import { Violation } from '../sim/run.ts'
import { dataDirOf } from './data-dir.ts'
import { drawnWorkload, settingsIn } from './simulate-drawn.ts'
import { fitCommand } from './simulate-fit.ts'
import type { SimulateOptions } from './simulate-options.ts'
import { comparisonLines } from './simulate-table.ts'
import { configOf, explain } from './sources.ts'
import { printable } from './table.ts'

/** What was recorded, with other servers or another configuration, side by side with what happened; or how fast they are. */
export async function simulatePlans(options: SimulateOptions): Promise<void> {
  try {
    if (options.fit !== undefined) await fitCommand(recordingFor(options.recording ?? options.fit, options), options)
    else await comparePlans(options)
  } catch (error) {
    if (error instanceof ConfigFault) explain(error)
    if (!isForPeople(error)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}

async function comparePlans(options: SimulateOptions): Promise<void> {
  const { recording, seed, json, outages, machineUsd } = options
  const scene = recording === undefined ? sceneOfTrace(options) : await sceneOfRecording(recording, options)
  const comparison = await compare({
    ...scene,
    seed,
    outages,
    isAdvised: options.advice,
    machineUsd,
    onPlay: (title) => tell(`Simulating ${title} …`),
  })
  console.log(json === true ? JSON.stringify(comparison) : comparisonLines(comparison).join('\n'))
}

/** To whoever sits and waits. */
function tell(progress: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${printable(progress)}\n`)
}

const isForPeople = (error: unknown): error is Error =>
  [RecordingFault, TraceFault, PlanFault, Fault, Violation].some((kind) => error instanceof kind)

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
  const recording = recordingFor(path, options)
  const traffic = recordedTraffic(recording, seed)
  const stock = { ...stockOf(recording), ...(await machinesOf(recording, options)) }
  const asItWas: Plan = {
    name: 'as it was',
    changes: [],
    settings: settingsAsRecorded(recording.settings.at(-1)!),
    likeness: new Map(),
  }
  const configured = config === undefined ? asItWas : { ...asItWas, changes: [config], settings: settingsIn(config) }
  return { recording, traffic, stock, asItWas, tried: triedFrom(configured, options) }
}

async function machinesOf(recording: Recording, { machines: file }: SimulateOptions): Promise<Machines> {
  if (file !== undefined) return machinesIn(file)
  const { machines } = await fitFrom(recording, { onUpstream: (name) => tell(`Fitting ${name} …`) })
  return { machines, source: 'as fitted from this recording' }
}

type Machines = Pick<Stock, 'machines' | 'source'>

function machinesIn(file: string): Machines {
  try {
    return { machines: readMachineFile(readFileSync(file, 'utf8'), file), source: `as ${file} says` }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof ConfigFault || code === undefined) throw error
    throw new PlanFault(`${file} cannot be read (${code}).`)
  }
}

/** A trace tells of no servers: they are those of the configuration, or of the example. */
function sceneOfTrace(options: SimulateOptions): Scene {
  const { config, seed, requests, machines } = options
  const named = config === undefined ? undefined : settingsIn(config)
  const workload = drawnWorkload(named, options)
  const rows = workload.arrivals.type === 'trace' ? workload.arrivals.rows.length : 0
  const settings: Settings = named ?? { ...usualSettings(), ...settingsFor(exampleFleet, workload) }
  const asItWas: Plan = { name: 'as it is', changes: [], settings, likeness: new Map() }
  const traffic = drawnTraffic(workload, requests ?? rows, seed)
  const stock = { ...emptyStock, ...(machines !== undefined && machinesIn(machines)) }
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

const recordingFor = (path: string | true, options: SimulateOptions): Recording =>
  readRecording(path === true ? usualFolder(options.config) : path, spanOf(options))

/** Where a gateway of this configuration records. */
const usualFolder = (config: string | undefined): string => recordingsIn(dataDirOf(configOf(config).data_dir))

function spanOf({ since, until, config }: SimulateOptions): { since?: number | undefined; until?: number | undefined } {
  if (since === undefined && until === undefined) return {}
  const timeZone = configOf(config).time_zone
  const period = reportQuery({ since: since ?? '9999d', until }, { epochMs: Date.now(), timeZone })
  return { since: since === undefined ? undefined : period.since, until: period.until }
}
