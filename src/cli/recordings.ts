import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { Command } from 'commander'
import { type FileSurvey, survey } from '../recording/survey.ts'
import { RecordingFault } from '../recording/files.ts'
import { recordingsIn } from '../recording/shelf.ts'
import { dataDirOf } from './data-dir.ts'
import { configOf } from './sources.ts'
import { table } from './table.ts'

interface RecordingsOptions {
  readonly config?: string
  readonly json?: true
}

export function recordingsCommand(): Command {
  return new Command('recordings')
    .description('Shows what was recorded of requests, and where: enough to play them again, and never what was said.')
    .option('-c, --config <file>', 'the configuration; spillway.yaml in this folder by default')
    .option('--json', 'for programs')
    .addHelpText('after', '\nExamples:\n  spillway recordings\n  spillway recordings --config spillway.yaml --json\n')
    .action(run)
}

function run({ config: named, json }: RecordingsOptions): void {
  const config = configOf(named)
  const folder = recordingsIn(dataDirOf(config.data_dir))
  const files = existsSync(folder) ? filesIn(folder) : []
  if (json === true) return console.log(JSON.stringify(viewOf(folder, files), undefined, 2))
  for (const line of linesOf(folder, files, config.recording !== false)) console.log(line)
}

function filesIn(folder: string): FileSurvey[] {
  try {
    return survey(folder)
  } catch (error) {
    if (error instanceof RecordingFault) return []
    throw error
  }
}

const viewOf = (folder: string, files: readonly FileSurvey[]) => ({
  folder,
  bytes: bytesOf(files),
  requests: requestsOf(files),
  files: files.map(({ from, until, ...known }) => ({
    ...known,
    from: new Date(from).toISOString(),
    until: new Date(until).toISOString(),
  })),
})

function linesOf(folder: string, files: readonly FileSurvey[], isOn: boolean): string[] {
  if (files.length === 0) {
    const next = isOn
      ? 'A gateway that runs with this configuration records what it is asked.'
      : 'This configuration says recording: false.'
    return [`Nothing is recorded in ${folder}. ${next}`]
  }
  const rows = files.map(({ path, from, until, requests, bytes }) => [
    basename(path),
    dateOf(from),
    dateOf(until),
    String(requests),
    sizeOf(bytes),
  ])
  const many = files.length === 1 ? 'one file' : `${files.length} files`
  return [
    ...table(['FILE', 'FROM (UTC)', 'UNTIL', 'REQS', 'SIZE'], rows),
    '',
    `${requestsOf(files)} requests, ${sizeOf(bytesOf(files))} in ${many} in ${folder}`,
    `Play them again: spillway simulate --recording ${isPlain.test(folder) ? folder : `'${folder}'`}`,
  ]
}

const requestsOf = (files: readonly FileSurvey[]): number => files.reduce((sum, { requests }) => sum + requests, 0)

const bytesOf = (files: readonly FileSurvey[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0)

const dateOf = (at: number): string => new Date(at).toISOString().replace('T', ' ').slice(0, 19)

/** What a shell takes as it is. */
const isPlain = /^[\w./-]+$/

const sizeOf = (bytes: number): string =>
  bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`
