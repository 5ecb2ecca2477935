import { Worker } from 'node:worker_threads'
import { type Books, BooksFault } from './books.ts'
import type { JobArgs, JobName, JobResult } from './jobs/index.ts'
import type { FromThread, ToThread } from './postgres-thread.ts'

interface Asked {
  readonly resolve: (value: never) => void
  readonly reject: (fault: BooksFault) => void
}

/**
 * The books in a PostgreSQL. A thread of their own speaks to it: to put a request into rows and hashes takes a millisecond,
 * and whoever is being served should not wait for it.
 */
export class PostgresBooks implements Books {
  readonly #url: string
  readonly #asked = new Map<number, Asked>()
  #thread: Worker | undefined
  #outgoing: { id: number; job: JobName; args: readonly unknown[] }[] = []
  #count = 0
  #isClosed = false
  #whenIdle: (() => void) | undefined

  constructor(url: string) {
    this.#url = url
  }

  run<J extends JobName>(job: J, ...args: JobArgs<J>): Promise<JobResult<J>> {
    if (this.#isClosed) return Promise.reject(new BooksFault('gone', 'The ledger is closed.'))
    return new Promise<JobResult<J>>((resolve, reject) => {
      const id = (this.#count += 1)
      this.#asked.set(id, { resolve, reject })
      // What is asked for in the same breath goes together.
      if (this.#outgoing.push({ id, job, args }) === 1) queueMicrotask(this.#send)
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#asked.size > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve))
    const thread = this.#thread
    if (thread === undefined) return
    await new Promise((resolve) => {
      thread.ref()
      thread.once('exit', resolve)
      thread.postMessage('close' satisfies ToThread)
    })
  }

  readonly #send = (): void => {
    const jobs = this.#outgoing
    this.#outgoing = []
    const thread = (this.#thread ??= this.#start())
    // The process lives as long as something is asked for, and not for the thread's sake.
    thread.ref()
    thread.postMessage(jobs satisfies ToThread)
  }

  #start(): Worker {
    const thread = new Worker(entry, { workerData: { url: this.#url }, execArgv: [] })
    thread.on('message', (told: FromThread) => this.#hear(told))
    thread.on('error', (error) => this.#lose(thread, error))
    thread.on('exit', () => this.#lose(thread))
    return thread
  }

  #hear(told: FromThread): void {
    for (const one of told) {
      const asked = this.#asked.get(one.id)
      this.#asked.delete(one.id)
      if ('kind' in one) asked?.reject(new BooksFault(one.kind, one.message))
      else asked?.resolve(one.value as never)
    }
    this.#rest()
  }

  /** The next job begins another. Whether the last ones were kept, nobody knows. */
  #lose(thread: Worker, cause?: unknown): void {
    if (this.#thread !== thread) return
    this.#thread = undefined
    const lost = [...this.#asked.values()]
    this.#asked.clear()
    for (const { reject } of lost) reject(new BooksFault('gone', 'The thread of the ledger ended.', { cause }))
    this.#rest()
  }

  #rest(): void {
    if (this.#asked.size > 0) return
    this.#thread?.unref()
    this.#whenIdle?.()
  }
}

/** Beside this file, whether it runs as it was written or as it was built. */
const entry = new URL(
  import.meta.url.endsWith('.ts') ? './postgres-thread.ts' : './postgres-thread.js',
  import.meta.url,
)
