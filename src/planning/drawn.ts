import type { Settings } from '../core/settings.ts'
import type { Report } from '../sim/report.ts'
import { simulate } from '../sim/run.ts'
import type { DrawnData, PackedDrawn } from './drawn-thread.ts'
import { packedSettings } from './packed.ts'
import { type Answer, roomyThread, valueOf } from './roomy-thread.ts'

/** What is drawn from a workload and simulated. */
export interface Drawn extends DrawnData {
  readonly settings?: Settings
}

/** What is played within the time that it takes a thread to begin. */
const requestsLeast = 3_000

/** How a drawn history went: many requests in a thread with room for them, few of them here. */
export const playDrawn = (drawn: Drawn): Promise<Report> =>
  drawn.requests < requestsLeast ? simulate(drawn) : playApart(drawn)

/** In a thread, with the same result. */
export async function playApart({ settings, ...data }: Drawn): Promise<Report> {
  const order: PackedDrawn = { ...data, packed: settings && packedSettings(settings) }
  const worker = roomyThread(entry, order)
  const answer = await new Promise<Answer>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('The thread of a simulation ended.')))
  })
  return valueOf(answer) as Report
}

/** Beside this file, whether it runs as it was written or as it was built. */
const entry = new URL(import.meta.url.endsWith('.ts') ? './drawn-thread.ts' : './drawn-thread.js', import.meta.url)
