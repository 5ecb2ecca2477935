import { filesAt, RecordingFault } from './files.ts'
import { linesOf } from './lines-of.ts'
import { formatVersion, readLine, versionIn } from './line.ts'
import type { FailureRow, RequestRow, SettingsRow, UpstreamRow } from './rows.ts'

export { RecordingFault } from './files.ts'

/** What was taken down, by one process or by several. */
export interface Recording {
  readonly settings: readonly SettingsRow[]
  /** In the order in which they arrived. */
  readonly requests: readonly RequestRow[]
  readonly failures: readonly FailureRow[]
  readonly upstreams: readonly UpstreamRow[]
  /** Lines that say nothing: the last one of a process that was killed, and whatever somebody broke. */
  readonly skippedLines: number
}

export interface ReadOptions {
  /** Requests that arrived from then on, in milliseconds since 1970, and before. */
  readonly since?: number | undefined
  readonly until?: number | undefined
}

/** Reads a file, or all files of a folder. Throws a RecordingFault for what is no recording. */
export function readRecording(path: string, { since = -Infinity, until = Infinity }: ReadOptions = {}): Recording {
  const settings: SettingsRow[] = []
  const requests: RequestRow[] = []
  const failures: FailureRow[] = []
  const upstreams: UpstreamRow[] = []
  let skippedLines = 0
  /** Every file numbers its blocks anew. */
  let blockBase = 0
  for (const file of filesAt(path)) {
    let blockEnd = blockBase
    let isFirst = true
    for (const { text, isWhole } of linesOf(file)) {
      if (isFirst && isWhole) checkHead(file, text)
      isFirst = false
      const row = readLine(text)
      if (row === undefined) skippedLines += 1
      else if (row.type === 'settings') {
        if (row.at < until) settings.push(row)
      } else if (row.at < since || row.at >= until) continue
      else if (row.type === 'failure') failures.push(row)
      else if (row.type === 'upstream') upstreams.push(row)
      else if (row.blocks === undefined) requests.push(row)
      else {
        const blocks = row.blocks.map((block) => blockBase + block)
        for (const block of blocks) if (block >= blockEnd) blockEnd = block + 1
        requests.push({ ...row, blocks })
      }
    }
    blockBase = blockEnd
  }
  for (const rows of [settings, requests, failures, upstreams]) rows.sort((one, other) => one.at - other.at)
  return { settings: holding(settings, since), requests, failures, upstreams, skippedLines }
}

/** The last that began before, and all that came after. */
function holding(settings: readonly SettingsRow[], since: number): readonly SettingsRow[] {
  const first = settings.findLastIndex(({ at }) => at <= since)
  return settings.slice(Math.max(first, 0))
}

function checkHead(file: string, head: string): void {
  const version = versionIn(head)
  if (version === undefined) throw new RecordingFault(`${file} is no recording: it does not begin with its settings.`)
  if (version !== formatVersion)
    throw new RecordingFault(`${file} is of version ${version}, and this Spillway reads version ${formatVersion}.`)
}
