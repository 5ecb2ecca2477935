import { cpSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { SqliteFile, type Asked } from '../../src/ledger/sqlite-file.ts'
import { verifyFile } from '../../src/ledger/verify.ts'
import { bound, claimOf, dayOf, entryOf, someDay, tryOf } from '../conformance/money.ts'

/** All files that make up a ledger. */
export const parts: readonly string[] = ['ledger.db', 'ledger.db-wal', 'ledger.sums', 'ledger.head']

export const problemsOf = async (path: string): Promise<readonly string[]> =>
  (await verifyFile(path)).problems.map(({ file, where, what }) => `${file}: ${where} ${what}`)

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
