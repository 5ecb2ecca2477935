import { existsSync, readFileSync } from 'node:fs'
import { damagedFile, sumsFile } from './seal.ts'
import { readSums, sumBytes, sumOf, type Sums } from './sums.ts'
import { frameHeaderBytes, readWal } from './wal.ts'

/** A place where what is there is not what was written. */
export interface Problem {
  readonly file: string
  /** In the words of the file: a byte, a page, a row. */
  readonly where: string
  readonly what: string
}

export interface FilesVerdict {
  readonly problems: readonly Problem[]
  readonly pages: number
  readonly frames: number
  /** Since when the pages are watched. */
  readonly since: number | undefined
}

/** While somebody writes, what was read may be half of it: it is read again, so often. */
const lookAgain = { times: 20, afterMs: 5 } as const

/** Compares every byte of the file and of its log with what was written there. */
export function verifyFiles(path: string): FilesVerdict {
  let found = look(path)
  for (let i = 0; i < lookAgain.times && found.problems.length > 0; i += 1) {
    pause(lookAgain.afterMs)
    const again = look(path)
    // Nobody is writing: it is as it is.
    if (again.state === found.state) break
    found = again
  }
  return found
}

interface Look extends FilesVerdict {
  /** Of all that was read. */
  readonly state: string
}

function look(path: string): Look {
  const problems: Problem[] = []
  const sums = readable(problems, sumsFile(path), () => readSums(sumsFile(path)))
  const file = readFileSync(path)
  const log = existsSync(`${path}-wal`) ? readFileSync(`${path}-wal`) : Buffer.alloc(0)
  const frames = readable(problems, `${path}-wal`, () => framesIn(log, sums, `${path}-wal`, problems)) ?? 0
  if (existsSync(damagedFile(path)))
    problems.push({ file: damagedFile(path), where: 'all of it', what: 'was put aside because it was damaged' })
  if (sums === undefined && problems.length === 0)
    problems.push({ file: sumsFile(path), where: 'all of it', what: 'is not there' })
  if (sums !== undefined) problems.push(...pagesIn(file, sums, path))
  return {
    problems,
    pages: file.length / (sums?.pageSize ?? 4_096),
    frames,
    since: sums?.since,
    state: problems.length === 0 ? '' : sumOf(Buffer.concat([file, log])) + JSON.stringify(problems),
  }
}

function readable<T>(problems: Problem[], file: string, act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    problems.push({ file, where: 'its beginning', what: error.message })
    return undefined
  }
}

/** Each frame is of this round of the log, or one that was left over from the round before. */
function framesIn(log: Buffer, sums: Sums | undefined, file: string, problems: Problem[]): number {
  const wal = readWal(log)
  if (wal === undefined) return 0
  const isLeftOver = (i: number, offset: number): boolean =>
    sums !== undefined &&
    sums.salts !== wal.salts &&
    sums.moved[i]?.frameSum === sumOf(log.subarray(offset, offset + frameHeaderBytes + wal.pageSize))
  const bad = wal.frames.find(({ offset }, i) => i >= wal.fitting && !isLeftOver(i, offset))
  if (bad !== undefined)
    problems.push({ file, where: `byte ${bad.offset} and behind it`, what: 'is not what was written' })
  else if (wal.fitting < (sums?.salts === wal.salts ? sums.moved.length : 0))
    problems.push({ file, where: `byte ${log.length}`, what: 'is its end, and there was more' })
  return wal.fitting
}

const lockAt = 0x4000_0000

function pagesIn(file: Buffer, { pages, pageSize, moved }: Sums, path: string): Problem[] {
  const count = file.length / pageSize
  const sizes = [pages.length / sumBytes, ...moved.map(({ sizeAfter }) => sizeAfter)]
  if (!sizes.includes(count))
    return [{ file: path, where: `byte ${file.length}`, what: `is its end; it should have ${sizes[0]} pages` }]
  const becoming = Map.groupBy(moved, ({ page }) => page)
  const problems: Problem[] = []
  for (let page = 1; page <= count; page += 1) {
    const bytes = file.subarray((page - 1) * pageSize, page * pageSize)
    const sum = sumOf(bytes)
    if (sum === pages.toString('hex', (page - 1) * sumBytes, page * sumBytes)) continue
    if (becoming.get(page)?.some((frame) => frame.sum === sum) === true) continue
    // SQLite keeps its locks on that one, and never writes it.
    if (page === lockAt / pageSize + 1 && bytes.every((byte) => byte === 0)) continue
    problems.push({
      file: path,
      where: `page ${page}, bytes ${(page - 1) * pageSize} to ${page * pageSize - 1}`,
      what: 'is not what was written',
    })
  }
  return problems
}

const pause = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
