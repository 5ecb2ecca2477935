import { statSync } from 'node:fs'
import { filesAt } from './files.ts'
import { versionIn } from './line.ts'
import { linesOf } from './lines-of.ts'

/** What one file holds. */
export interface FileSurvey {
  readonly path: string
  readonly bytes: number
  readonly requests: number
  /** Milliseconds since 1970: when it was begun, and of what moment its last line tells. */
  readonly from: number
  readonly until: number
}

/** What there is at a path, the oldest first, without reading more of it than it takes. Throws a RecordingFault. */
export function survey(path: string): FileSurvey[] {
  return filesAt(path).flatMap((file) => surveyOf(file) ?? [])
}

/** Undefined for a file that is no recording, or is empty so far. */
function surveyOf(path: string): FileSurvey | undefined {
  let requests = 0
  let from: number | undefined
  let until = 0
  for (const { text } of linesOf(path)) {
    if (from === undefined) {
      if (versionIn(text) === undefined) return undefined
      from = dateIn(text)
    }
    if (text.startsWith('{"type":"request"')) requests += 1
    until = Math.max(until, dateIn(text) ?? 0)
  }
  return from === undefined ? undefined : { path, bytes: statSync(path).size, requests, from, until }
}

function dateIn(line: string): number | undefined {
  const [, digits] = /"at":(\d+)/.exec(line) ?? []
  return digits === undefined ? undefined : Number(digits)
}
