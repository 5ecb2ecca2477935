import { Worker } from 'node:worker_threads'
import { BooksFault, type Books } from './books.ts'
import type { JobArgs, JobName, JobResult } from './jobs/index.ts'
import type { FromWorker, Told, ToWorker, WorkerData } from './sqlite-worker.ts'

interface Waiting {
  readonly job: JobName
  readonly args: readonly unknown[]
  readonly resolve: (value: unknown) => void
  readonly reject: (fault: BooksFault) => void
}

/**
 * The books in a file of SQLite, in a thread of their own: a commit waits for the disk, and nobody else should. What is asked
 * for while the thread is at work is done together and shares one commit. The file is opened with the first job, and again
 * after whatever went wrong with it.
 */
export class SqliteBooks implements Books {
  readonly #path: string
  #worker: Worker | undefined
  readonly #waiting: Waiting[] = []
  #underWay: readonly Waiting[] = []
  #isScheduled = false
  /** Until it has been seen to be there. */
  #isNew = true
  #closed: Promise<void> | undefined
  #whenIdle: (() => void) | undefined

  constructor(path: string) {
    this.#path = path
  }

  run<J extends JobName>(job: J, ...args: JobArgs<J>): Promise<JobResult<J>> {
    if (this.#closed !== undefined) return Promise.reject(new BooksFault('gone', 'The ledger is closed.'))
    return new Promise<JobResult<J>>((resolve, reject) => {
      this.#waiting.push({ job, args, resolve: resolve as (value: unknown) => void, reject })
      if (this.#isScheduled || this.#underWay.length > 0) return
      this.#isScheduled = true
      queueMicrotask(this.#send)
    })
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#end())
  }

  readonly #send = (): void => {
    this.#isScheduled = false
    if (this.#waiting.length === 0) return
    this.#underWay = this.#waiting.splice(0, jobsAtOnce)
    const worker = this.#started()
    // The process lives as long as something is asked for, and not for the thread's sake.
    worker.ref()
    worker.postMessage(this.#underWay.map(({ job, args }) => ({ job, args })) satisfies ToWorker, [])
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker
    const workerData: WorkerData = { path: this.#path, isNew: this.#isNew }
    const worker = new Worker(entry, { workerData, execArgv: [], env: {} })
    worker.unref()
    worker.on('message', (message: FromWorker) => {
      if (message !== 'closed') this.#answered(message)
    })
    worker.on('error', (error) => this.#died(worker, error))
    worker.on('exit', () => this.#died(worker, undefined))
    return (this.#worker = worker)
  }

  #answered(answers: readonly Told[]): void {
    const asked = this.#underWay
    this.#underWay = []
    for (const [i, { resolve, reject }] of asked.entries()) {
      const answer = answers[i]!
      if ('kind' in answer) {
        reject(new BooksFault(answer.kind, answer.message))
        continue
      }
      this.#isNew = false
      resolve(answer.value)
    }
    this.#next()
  }

  #next(): void {
    if (this.#waiting.length > 0) return this.#send()
    this.#worker?.unref()
    this.#whenIdle?.()
  }

  /** What was under way is told that it failed, though it may have been kept: every job can be asked for again. */
  #died(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    const lost = this.#underWay
    this.#underWay = []
    for (const { reject } of lost) reject(new BooksFault('gone', 'The thread of the ledger ended.', { cause }))
    this.#next()
  }

  async #end(): Promise<void> {
    if (this.#waiting.length > 0 || this.#underWay.length > 0) {
      await new Promise<void>((resolve) => (this.#whenIdle = resolve))
    }
    const worker = this.#worker
    if (worker === undefined) return
    await new Promise<void>((resolve) => {
      worker.ref()
      worker.once('exit', () => resolve())
      worker.postMessage('close' satisfies ToWorker, [])
    })
  }
}

/** Who came first should not wait for a thousand others. */
const jobsAtOnce = 256

/** Beside this file, whether it runs as it was written or as it was built. */
const entry = new URL(import.meta.url.endsWith('.ts') ? './sqlite-worker.ts' : './sqlite-worker.js', import.meta.url)
