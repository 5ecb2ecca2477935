import { verifyChain } from '../verify-chain.ts'
import type { Work } from '../work.ts'
import * as audit from './audit.ts'
import * as journal from './journal.ts'
import * as keys from './keys.ts'
import { closeDays, letGo, purge } from './keep.ts'
import * as money from './money.ts'
import * as notes from './notes.ts'
import * as owners from './owners.ts'
import * as report from './report.ts'

/**
 * All that can be asked of the books. Of a file of jobs, every function that it exports is one. What goes in and what
 * comes out is plain data, since it crosses threads.
 */
const jobs = {
  ...audit,
  ...journal,
  ...keys,
  ...money,
  ...notes,
  ...owners,
  ...report,
  closeDays,
  letGo,
  purge,
  verifyChain,
}

type Jobs = typeof jobs

export type JobName = keyof Jobs

export type JobArgs<J extends JobName> = Parameters<Jobs[J]>

export type JobResult<J extends JobName> = ReturnType<Jobs[J]> extends Work<infer T> ? T : never

/** A job that is about to be done. */
export function workOf(job: JobName, args: readonly unknown[]): Work<unknown> {
  // A name and its arguments come together from `Books.run`, which has checked that they fit.
  return (jobs[job] as (...given: readonly unknown[]) => Work<unknown>)(...args)
}

/** Jobs that change nothing: they need not wait for whoever is writing, and work where nothing can be written. */
export const readingJobs: ReadonlySet<JobName> = new Set<JobName>([
  'standings',
  'used',
  'report',
  'entryOf',
  'entriesAfter',
  'openHolds',
  'holdOwners',
  'listOwners',
  'listAudit',
  'verifyAudit',
  'verifyChain',
  'cloudState',
  'lettersDue',
  'keysSince',
])
