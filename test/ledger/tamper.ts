import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SqliteFile, type Asked } from '../../src/ledger/sqlite-file.ts'
import { verifyFile } from '../../src/ledger/verify.ts'
import { chanceOf } from '../../src/sim/chance.ts'
import { bound, claimOf, dayOf, entryOf, someDay, tryOf } from '../conformance/money.ts'

export const parts = ['ledger.db', 'ledger.db-wal', 'ledger.sums', 'ledger.head']

export interface Tampered {
  /** What was found where nothing was changed. */
  readonly before: readonly string[]
  /** Changes that nobody saw. */
  readonly unseen: readonly string[]
  readonly bytes: number
}

/** Changes one byte at a time, anywhere in a ledger as a killed gateway leaves it, and looks whether that is found. */
export function tamper(count: number, seed: number): Tampered {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-tamper-'))
  try {
    const left = killed(folder)
    const path = join(left, 'ledger.db')
    const before = problemsOf(path)
    const files = parts.map((name) => ({ name, bytes: readFileSync(join(left, name)) }))
    const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0)
    const random = chanceOf(seed, 'tamper')
    const unseen: string[] = []
    for (let i = 0; i < count; i += 1) {
      const { name, at, to } = anywhere(files, bytes, random)
      const was = files.find((file) => file.name === name)!.bytes.subarray(at, at + 1)
      put(join(left, name), at, Buffer.of(was[0]! ^ to))
      if (problemsOf(path).length === 0) unseen.push(`byte ${at} of ${name}`)
      put(join(left, name), at, was)
      rmSync(`${path}-shm`, { force: true })
    }
    return { before, unseen, bytes }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function put(file: string, at: number, byte: Uint8Array): void {
  const descriptor = openSync(file, 'r+')
  writeSync(descriptor, byte, 0, 1, at)
  closeSync(descriptor)
}

export const problemsOf = (path: string): readonly string[] =>
  verifyFile(path).problems.map(({ file, where, what }) => `${file}: ${where} ${what}`)

function anywhere(
  files: readonly { readonly name: string; readonly bytes: Buffer }[],
  all: number,
  random: () => number,
) {
  let at = Math.floor(random() * all)
  const to = 1 + Math.floor(random() * 255)
  for (const { name, bytes } of files) {
    if (at < bytes.length) return { name, at, to }
    at -= bytes.length
  }
  throw new RangeError('There is no such byte.')
}

/** Some of it has been moved into the file and some has not: the files are taken away while somebody has them open. */
export function killed(folder: string): string {
  const [alive, left] = [join(folder, 'alive'), join(folder, 'left')]
  mkdirSync(alive)
  const first = new SqliteFile(join(alive, 'ledger.db'))
  fill(first, 0, 150)
  first.close()
  const second = new SqliteFile(join(alive, 'ledger.db'))
  fill(second, 150, 200)
  mkdirSync(left)
  for (const name of parts) if (existsSync(join(alive, name))) cpSync(join(alive, name), join(left, name))
  second.close()
  return left
}

/** Requests with and without tries for money, of which some are still under way; so many share a commit. */
export function fill(file: SqliteFile, from: number, to: number, atOnce = 10): void {
  for (let first = from; first < to; first += atOnce) {
    const asked = Array.from({ length: Math.min(atOnce, to - first) }, (_, i) => jobsOf(first + i)).flat()
    for (const answer of file.answer(asked)) if ('fault' in answer) throw answer.fault
  }
}

function jobsOf(i: number): readonly Asked[] {
  const caller = `c${i % 7}`
  const accounts = [bound(1_000_000), bound(1_000_000, dayOf(`caller:${caller}`))]
  const claim = claimOf(`r${i}/1`, 100 + i, accounts, { caller, at: someDay + i * 60_000 })
  const hold: Asked = { job: 'hold', args: [claim, 'me'] }
  if (i % 10 === 0) return [hold]
  const more = { caller, key: `k${i % 3}`, at: claim.at }
  return [hold, { job: 'close', args: [[entryOf(`r${i}`, [tryOf(claim, i)], more), entryOf(`l${i}`, [], more)]] }]
}
