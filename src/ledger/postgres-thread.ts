import { parentPort, workerData } from 'node:worker_threads'
import { BooksFault, type BooksFaultKind } from './books.ts'
import type { Claim } from '../core/ledger.ts'
import { type JobName, readingJobs, workOf } from './jobs/index.ts'
import { Holds } from './postgres-holds.ts'
import { Postgres } from './postgres.ts'

/** Jobs that are to be done, or the last word. */
export type ToThread =
  | readonly { readonly id: number; readonly job: JobName; readonly args: readonly unknown[] }[]
  | 'close'

/** How they came out. A fault crosses from one thread to the other as what it says. */
export type FromThread = readonly Told[]

export type Told = { readonly id: number } & (
  | { readonly value: unknown }
  | { readonly kind: BooksFaultKind; readonly message: string }
)

const port = parentPort!
const { url } = workerData as { readonly url: string }
const postgres = new Postgres({ url, now: () => performance.now() })
const holds = new Holds((begin) => postgres.write(begin))
let told: Told[] = []

port.on('message', (message: ToThread) => {
  if (message === 'close') void postgres.close().finally(() => port.close())
  else for (const { id, job, args } of message) void answer(id, job, args)
})

async function answer(id: number, job: JobName, args: readonly unknown[]): Promise<void> {
  try {
    tell({ id, value: await done(job, args) })
  } catch (error) {
    const { message } = error as Error
    tell({ id, kind: error instanceof BooksFault ? error.kind : 'wrong', message })
  }
}

function done(job: JobName, args: readonly unknown[]): Promise<unknown> {
  if (job === 'hold') return holds.hold(...(args as [claim: Claim, owner: string]))
  const begin = (): ReturnType<typeof workOf> => workOf(job, args)
  return readingJobs.has(job) ? postgres.read(begin) : postgres.write(begin)
}

/** What was done together is told together. */
function tell(one: Told): void {
  told.push(one)
  if (told.length > 1) return
  setImmediate(() => {
    port.postMessage(told satisfies FromThread)
    told = []
  })
}
