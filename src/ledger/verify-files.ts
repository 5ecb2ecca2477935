import { existsSync, readFileSync } from 'node:fs'
import { standStill } from '../core/stand-still.ts'
import { eachPage } from './pages.ts'
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
    standStill(lookAgain.afterMs)
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
  const log = existsSync(`${path}-wal`) ? readFileSync(`${path}-wal`) : Buffer.alloc(0)
  const frames = readable(problems, `${path}-wal`, () => framesIn(log, sums, `${path}-wal`, problems)) ?? 0
  if (existsSync(damagedFile(path)))
    problems.push({ file: damagedFile(path), where: 'all of it', what: 'was put aside because it was damaged' })
  if (sums === undefined && problems.length === 0)
    problems.push({ file: sumsFile(path), where: 'all of it', what: 'is not there' })
  // Of what is wrong: if somebody is writing, it will be something else in a moment.
  const seen: string[] = []
  const pages = sums === undefined ? 0 : pagesIn(path, sums, { log, problems, seen })
  if (problems.length > 0) seen.push(sumOf(log), JSON.stringify([problems, pages, sums?.moved.length]))
  return { problems, pages, frames, since: sums?.since, state: seen.join() }
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
/** So many are named; who has more of them has another problem. */
const pagesNamed = 20

function pagesIn(
  path: string,
  { pages, pageSize, moved, salts }: Sums,
  { log, problems, seen }: { readonly log: Buffer; readonly problems: Problem[]; readonly seen: string[] },
): number {
  const becoming = Map.groupBy(moved, ({ page }) => page)
  let wrong = 0
  const count = eachPage(path, pageSize, (page, sum, bytes) => {
    if (sum === pages.toString('hex', (page - 1) * sumBytes, page * sumBytes)) return
    if (becoming.get(page)?.some((frame) => frame.sum === sum) === true) return
    // SQLite keeps its locks on that one, and never writes it.
    if (page === lockAt / pageSize + 1 && bytes.every((byte) => byte === 0)) return
    wrong += 1
    if (wrong > pagesNamed) return
    const where = `page ${page}, bytes ${(page - 1) * pageSize} to ${page * pageSize - 1}`
    problems.push({ file: path, where, what: 'is not what was written' })
    seen.push(sum)
  })
  const before = pages.length / sumBytes
  const sizes = moved.map(({ sizeAfter }) => sizeAfter)
  const after = sizes.findLast((size) => size !== 0) ?? before
  // As long as the log is there, its pages may be on their way: the file grows and shrinks with them.
  const isMoving = log.toString('hex', 16, 24) === salts
  const isRight = isMoving
    ? Number.isInteger(count) && count >= Math.min(before, after) && count <= Math.max(before, ...sizes)
    : count === after
  if (!isRight)
    problems.push({ file: path, where: `byte ${count * pageSize}`, what: `is its end; it should have ${after} pages` })
  return count
}
