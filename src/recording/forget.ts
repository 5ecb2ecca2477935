import { closeSync, openSync, renameSync, rmSync, statSync, utimesSync, writeSync } from 'node:fs'
import { filesAt, RecordingFault } from './files.ts'
import { lineOf, readLine } from './line.ts'
import { linesOf } from './lines-of.ts'
import type { Row } from './rows.ts'
import { isWrittenTo } from './shelf.ts'

export interface Forgotten {
  /** Files that had the name and have not any more. */
  readonly files: number
  /** Those that still have it, since somebody writes to them. */
  readonly left: readonly string[]
}

/** A caller goes by another name in all recordings of a folder. */
export function forget(folder: string, caller: string, id: string, nowMs: number): Forgotten {
  const naming = filesIn(folder).filter((file) => names(file, caller))
  const left = naming.filter((file) => isWrittenTo(file, statSync(file).mtimeMs, nowMs))
  for (const file of naming) if (!left.includes(file)) rename(file, caller, id)
  return { files: naming.length - left.length, left }
}

function filesIn(folder: string): string[] {
  try {
    return filesAt(folder)
  } catch (error) {
    if (error instanceof RecordingFault) return []
    throw error
  }
}

/** A model or a server may be called so as well, and stays so. */
function names(file: string, caller: string): boolean {
  const quoted = JSON.stringify(caller)
  const [ofRequest, ofSettings] = [`"caller":${quoted}`, `"name":${quoted}`]
  for (const { text } of linesOf(file)) if (text.includes(ofRequest) || text.includes(ofSettings)) return true
  return false
}

function rename(file: string, caller: string, id: string): void {
  const { atime, mtime } = statSync(file)
  const other = `${file}.new`
  rmSync(other, { force: true })
  const fd = openSync(other, 'wx', 0o600)
  for (const { text } of linesOf(file)) {
    const row = readLine(text)
    // A line that is no row is of no use to anybody, and may hold the name.
    if (row !== undefined) writeSync(fd, lineOf(renamed(row, caller, id)))
  }
  closeSync(fd)
  // It is kept as long as it would have been.
  utimesSync(other, atime, mtime)
  renameSync(other, file)
}

function renamed(row: Row, caller: string, id: string): Row {
  if (row.type === 'request') return row.caller === caller ? { ...row, caller: id } : row
  if (row.type !== 'settings') return row
  return { ...row, callers: row.callers.map((one) => (one.name === caller ? { ...one, name: id } : one)) }
}
