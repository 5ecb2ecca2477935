import { reportQuery } from '../accounts/report-query.ts'
import { ConfigFault } from '../config/problem.ts'
import { Fault } from '../core/fault.ts'
import { PlanFault } from '../planning/plan.ts'
import { RecordingFault } from '../recording/files.ts'
import { readRecording, type Recording } from '../recording/read.ts'
import { recordingsIn } from '../recording/shelf.ts'
import { Violation } from '../sim/run.ts'
import { TraceFault } from '../sim/traces.ts'
import { dataDirOf } from './data-dir.ts'
import type { SimulateOptions } from './simulate-options.ts'
import { configOf } from './sources.ts'
import { WriteFault } from './write-file.ts'

/** What was recorded there, or in the usual place. */
export const recordingAt = (path: string | true, options: SimulateOptions): Recording =>
  readRecording(path === true ? usualFolder(options.config) : path, spanOf(options))

/** Where a gateway of this configuration records. */
const usualFolder = (config: string | undefined): string => recordingsIn(dataDirOf(configOf(config).data_dir))

function spanOf({ since, until, config }: SimulateOptions): { since?: number | undefined; until?: number | undefined } {
  if (since === undefined && until === undefined) return {}
  const timeZone = configOf(config).time_zone
  const period = reportQuery({ since: since ?? '9999d', until }, { epochMs: Date.now(), timeZone })
  return { since: since === undefined ? undefined : period.since, until: period.until }
}

/** A sentence for what is wrong with what was given; everything else is our own fault. */
export function tellPeople(error: unknown): void {
  if (!isForPeople(error)) throw error
  console.error(error.message)
  process.exitCode = 1
}

const isForPeople = (error: unknown): error is Error =>
  [ConfigFault, RecordingFault, TraceFault, PlanFault, Fault, Violation, WriteFault].some(
    (kind) => error instanceof kind,
  )
