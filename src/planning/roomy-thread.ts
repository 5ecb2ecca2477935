import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import { Violation } from '../sim/run.ts'

/** What came of something in a thread. A violation is told in its own words: an error that is sent is of no class any more. */
export type Answer =
  | { readonly type: 'done'; readonly value: unknown }
  | { readonly type: 'violation'; readonly seed: number; readonly what: string }

/** What is new in memory is looked through that seldom. */
const youngMb = 32

/**
 * A thread for what takes long. Whoever serves keeps what is new in memory small for its callers' sake. Here nobody waits, and
 * more room saves a tenth of the time and more.
 */
export function roomyThread(entry: URL, workerData: unknown): Worker {
  setFlagsFromString(`--max-semi-space-size=${youngMb}`)
  return new Worker(entry, { workerData, execArgv: [], env: {} })
}

/** In the thread: what its work comes to. Whatever else goes wrong ends the thread, and is told as its error. */
export async function answerOf(work: Promise<unknown>): Promise<Answer> {
  try {
    return { type: 'done', value: await work }
  } catch (error) {
    if (!(error instanceof Violation)) throw error
    return { type: 'violation', seed: error.seed, what: error.what }
  }
}

/** Where it was asked for: the same as if it had been done here. */
export function valueOf(answer: Answer): unknown {
  if (answer.type === 'violation') throw new Violation(answer.seed, answer.what)
  return answer.value
}
